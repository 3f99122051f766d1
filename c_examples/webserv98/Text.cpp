// SPDX-License-Identifier: MIT OR Apache-2.0
#include "Text.hpp"

#include <stdio.h>
#include <string.h>

namespace {

int hex_digit(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    if (c >= 'A' && c <= 'F') {
        return c - 'A' + 10;
    }
    return -1;
}

bool decode(const std::string& text, std::string& out)
{
    std::string result;

    for (size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '+') {
            result += ' ';
        } else if (text[i] != '%') {
            result += text[i];
        } else {
            const int high = i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
            const int low = i + 2 < text.size() ? hex_digit(text[i + 2]) : -1;

            if (high < 0 || low < 0) {
                return false;
            }
            result += static_cast<char>(high * 16 + low);
            i += 2;
        }
    }
    out = result;
    return true;
}

bool is_plain(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z')
           || (c != '\0' && strchr("-._~/", c) != 0);
}

} // namespace

std::string escape_html(const std::string& text)
{
    std::string out;

    for (size_t i = 0; i < text.size(); ++i) {
        switch (text[i]) {
        case '&':
            out += "&amp;";
            break;
        case '<':
            out += "&lt;";
            break;
        case '>':
            out += "&gt;";
            break;
        case '"':
            out += "&quot;";
            break;
        case '\'':
            out += "&#39;";
            break;
        default:
            out += text[i];
        }
    }
    return out;
}

// It needs no other file, because it has to look well above any document root.
std::string html_page(const std::string& title, const std::string& body)
{
    return "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
           "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>"
           + escape_html(title)
           + "</title>\n<style>\n"
             ":root { color-scheme: light dark; }\n"
             "body { max-width: 44rem; margin: 3rem auto; padding: 0 1.25rem;"
             " font: 1.0625rem/1.6 Georgia, \"Times New Roman\", serif; }\n"
             "</style>\n</head>\n<body>\n"
           + body + "</body>\n</html>\n";
}

std::string encode_path(const std::string& path)
{
    static const char digits[] = "0123456789ABCDEF";
    std::string out("/");

    for (size_t i = 0; i < path.size(); ++i) {
        const unsigned char byte = static_cast<unsigned char>(path[i]);

        if (path[i] == '/' && out[out.size() - 1] == '/') {
            continue;
        }
        if (is_plain(path[i])) {
            out += path[i];
        } else {
            out += '%';
            out += digits[byte >> 4];
            out += digits[byte & 15];
        }
    }
    return out;
}

bool query_value(const std::string& query, const std::string& name, std::string& out)
{
    std::string::size_type from = 0;

    while (from <= query.size()) {
        std::string::size_type until = query.find('&', from);

        if (until == std::string::npos) {
            until = query.size();
        }
        if (query.compare(from, name.size() + 1, name + "=") == 0) {
            const std::string::size_type value = from + name.size() + 1;

            return decode(query.substr(value, until - value), out);
        }
        from = until + 1;
    }
    return false;
}

std::string http_date(time_t when)
{
    static const char* const days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static const char* const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    struct tm parts;
    char text[64];

    if (gmtime_r(&when, &parts) == 0) {
        return "";
    }
    snprintf(text, sizeof text, "%s, %02d %s %04d %02d:%02d:%02d GMT", days[parts.tm_wday],
             parts.tm_mday, months[parts.tm_mon], parts.tm_year + 1900, parts.tm_hour,
             parts.tm_min, parts.tm_sec);
    return text;
}

std::string number(long value)
{
    char text[32];

    snprintf(text, sizeof text, "%ld", value);
    return text;
}
