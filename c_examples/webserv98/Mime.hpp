// SPDX-License-Identifier: MIT OR Apache-2.0
// From a file name to the media type that a browser is told.
#ifndef WEBSERV98_MIME_HPP
#define WEBSERV98_MIME_HPP

#include <string>

std::string mime_type(const std::string& file_name);

#endif
