// SPDX-License-Identifier: MIT OR Apache-2.0
#include "DocumentRoot.hpp"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <vector>

namespace {

const char INDEX[] = "index.html";

// One step down. Why these flags:
//  - O_NOFOLLOW: a symbolic link is refused, wherever it points to. Checking the target first and
//    opening it then would leave time for somebody to change it in between; so would realpath.
//  - O_NONBLOCK: opening a FIFO would otherwise wait for its writer, and with it the whole server.
//  - O_CLOEXEC: a child process, should there ever be one, inherits none of our files.
int open_below(int directory, const char* name)
{
    return openat(directory, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
}

DocumentRoot::Found why_not(int error)
{
    switch (error) {
    case ENOENT:
    case ENOTDIR:
    case ENAMETOOLONG:
        return DocumentRoot::MISSING;
    case ELOOP:  // a symbolic link
    case EACCES:
    case EPERM:
    case ENXIO:  // a socket
        return DocumentRoot::FORBIDDEN;
    default:
        return DocumentRoot::FAILED;
    }
}

// "/a//b/" has the components "a" and "b"; empty ones mean nothing, as in the file system.
std::vector<std::string> split(const std::string& path)
{
    std::vector<std::string> parts;
    std::string::size_type from = 0;

    while (from < path.size()) {
        std::string::size_type until = path.find('/', from);

        if (until == std::string::npos) {
            until = path.size();
        }
        if (until > from) {
            parts.push_back(path.substr(from, until - from));
        }
        from = until + 1;
    }
    return parts;
}

} // namespace

DocumentRoot::DocumentRoot() : root_() {}

bool DocumentRoot::open(const std::string& directory)
{
    // The root itself may be a link: whoever started the server chose it.
    Descriptor fd(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));

    root_.swap(fd);
    return root_.get() >= 0;
}

DocumentRoot::Found DocumentRoot::find(const std::string& path, File& out) const
{
    std::vector<std::string> parts = split(path);
    const bool wants_directory = path.empty() || path[path.size() - 1] == '/';
    Descriptor at;
    struct stat info;

    if (wants_directory) {
        parts.push_back(INDEX);
    }
    for (size_t i = 0; i < parts.size(); ++i) {
        // wc_request_path has resolved dot segments already. A border this important is checked
        // by the one who would be robbed, too; and a NUL would end the name early.
        if (parts[i] == "." || parts[i] == ".." || parts[i].find('\0') != std::string::npos) {
            return FORBIDDEN;
        }
        Descriptor next(open_below(i == 0 ? root_.get() : at.get(), parts[i].c_str()));
        if (next.get() < 0) {
            const bool is_index = wants_directory && i + 1 == parts.size();

            // A directory without an index file is there, but we do not list it. ENOTDIR is
            // another case: "/file.html/", a file taken for a directory, does not exist.
            return is_index && errno == ENOENT ? FORBIDDEN : why_not(errno);
        }
        at.swap(next);
    }
    if (fstat(at.get(), &info) != 0) {
        return FAILED;
    }
    if (S_ISDIR(info.st_mode)) {
        return wants_directory ? FORBIDDEN : DIRECTORY_WITHOUT_SLASH;
    }
    if (!S_ISREG(info.st_mode)) {
        return FORBIDDEN; // a FIFO, a device: reading it may wait for ever or do something
    }
    out.descriptor.swap(at);
    out.size = info.st_size;
    out.modified = info.st_mtime;
    out.name = parts.back();
    return FILE_FOUND;
}
