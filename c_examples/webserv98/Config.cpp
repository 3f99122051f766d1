// SPDX-License-Identifier: MIT OR Apache-2.0
#include "../example.h"

#include "Config.hpp"

#include <sys/stat.h>

namespace {

bool is_directory(const std::string& path)
{
    struct stat info;

    return stat(path.c_str(), &info) == 0 && S_ISDIR(info.st_mode);
}

} // namespace

Config::Config() : port(8080), root("./www") {}

bool Config::read(int argc, char** argv)
{
    if (argc > 3 || !parse_port(argc, argv, port, &port)) {
        fprintf(stderr, "usage: %s [PORT [ROOT]]\n", argv[0]);
        return false;
    }
    if (argc > 2) {
        root = argv[2];
    }
    if (!is_directory(root)) {
        fprintf(stderr, "%s is no directory\nusage: %s [PORT [ROOT]]\n", root.c_str(), argv[0]);
        return false;
    }
    return true;
}
