// SPDX-License-Identifier: MIT OR Apache-2.0
// Owns one file descriptor. Every early return and every exception closes it; none closes it twice.
#ifndef WEBSERV98_DESCRIPTOR_HPP
#define WEBSERV98_DESCRIPTOR_HPP

#include <unistd.h>

class Descriptor {
public:
    explicit Descriptor(int fd = -1) : fd_(fd) {}

    ~Descriptor()
    {
        if (fd_ >= 0) {
            close(fd_);
        }
    }

    int get() const { return fd_; }

    // C++98 cannot move; two owners trade instead.
    void swap(Descriptor& other)
    {
        const int fd = fd_;

        fd_ = other.fd_;
        other.fd_ = fd;
    }

private:
    Descriptor(const Descriptor&);
    Descriptor& operator=(const Descriptor&);

    int fd_;
};

#endif
