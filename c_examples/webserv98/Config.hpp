// SPDX-License-Identifier: MIT OR Apache-2.0
// What the command line says, checked once and never changed afterwards.
#ifndef WEBSERV98_CONFIG_HPP
#define WEBSERV98_CONFIG_HPP

#include <stdint.h>

#include <string>

struct Config {
    uint16_t port;
    std::string root;

    Config();

    // False, with the reason on standard error, if the arguments are of no use.
    bool read(int argc, char** argv);
};

#endif
