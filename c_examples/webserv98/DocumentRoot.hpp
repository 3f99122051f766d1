// SPDX-License-Identifier: MIT OR Apache-2.0
// From the path of a request to an open file, with no way out of the root.
#ifndef WEBSERV98_DOCUMENTROOT_HPP
#define WEBSERV98_DOCUMENTROOT_HPP

#include "Descriptor.hpp"

#include <sys/types.h>
#include <time.h>

#include <string>

// A regular file, open for reading.
struct File {
    Descriptor descriptor;
    off_t size;
    time_t modified;
    std::string name; // the last component: what its type is found by

    File() : descriptor(), size(0), modified(0), name() {}
};

class DocumentRoot {
public:
    enum Found {
        FILE_FOUND,
        DIRECTORY_WITHOUT_SLASH, // to be redirected, or relative links in its index would be wrong
        MISSING,
        FORBIDDEN,
        FAILED // this machine's trouble, not the client's: out of descriptors, a read error
    };

    DocumentRoot();

    // False, with errno, if the root cannot be opened.
    bool open(const std::string& directory);

    // `path` is decoded and begins with '/'. A path that ends with '/' means the index file in it.
    Found find(const std::string& path, File& out) const;

private:
    DocumentRoot(const DocumentRoot&);
    DocumentRoot& operator=(const DocumentRoot&);

    Descriptor root_;
};

#endif
