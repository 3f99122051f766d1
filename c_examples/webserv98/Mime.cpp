// SPDX-License-Identifier: MIT OR Apache-2.0
#include "Mime.hpp"

namespace {

struct Type {
    const char* extension;
    const char* type;
};

// Without a charset, a browser has to guess how text is encoded, and guesses differ.
const Type TYPES[] = {
    {"html", "text/html; charset=utf-8"},
    {"htm", "text/html; charset=utf-8"},
    {"css", "text/css; charset=utf-8"},
    {"js", "text/javascript; charset=utf-8"},
    {"json", "application/json"},
    {"txt", "text/plain; charset=utf-8"},
    {"md", "text/markdown; charset=utf-8"},
    {"xml", "application/xml"},
    {"svg", "image/svg+xml"},
    {"png", "image/png"},
    {"jpg", "image/jpeg"},
    {"jpeg", "image/jpeg"},
    {"gif", "image/gif"},
    {"webp", "image/webp"},
    {"ico", "image/x-icon"},
    {"woff2", "font/woff2"},
    {"mp4", "video/mp4"},
    {"pdf", "application/pdf"},
    {"wasm", "application/wasm"}
};

std::string lower(std::string text)
{
    for (size_t i = 0; i < text.size(); ++i) {
        if (text[i] >= 'A' && text[i] <= 'Z') {
            text[i] = static_cast<char>(text[i] - 'A' + 'a');
        }
    }
    return text;
}

} // namespace

std::string mime_type(const std::string& file_name)
{
    const std::string::size_type dot = file_name.rfind('.');

    if (dot != std::string::npos) {
        const std::string extension = lower(file_name.substr(dot + 1));

        for (size_t i = 0; i < sizeof TYPES / sizeof TYPES[0]; ++i) {
            if (extension == TYPES[i].extension) {
                return TYPES[i].type;
            }
        }
    }
    // Unknown bytes: to be saved, not to be shown.
    return "application/octet-stream";
}
