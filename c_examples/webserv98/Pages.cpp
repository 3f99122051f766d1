// SPDX-License-Identifier: MIT OR Apache-2.0
#include "Pages.hpp"
#include "Text.hpp"

#include <unistd.h>

namespace {

struct Reason {
    int status;
    const char* name;
    const char* text;
};

const Reason REASONS[] = {
    {400, "Bad Request", "The address of this request cannot be read."},
    {403, "Forbidden", "This is not for reading."},
    {404, "Not Found", "There is nothing here."},
    {405, "Method Not Allowed", "This can be done to other pages, but not to this one."},
    {413, "Content Too Large", "That is more than this server takes at once."},
    {500, "Internal Server Error", "Something went wrong, and it was not your doing."}
};

const off_t LARGEST = 65536;

std::string built_in(const Reason& reason)
{
    const std::string title = number(reason.status) + " " + reason.name;

    return html_page(title, "<h1>" + title + "</h1>\n<p>" + reason.text
                                + "</p>\n<p><a href=\"/\">Home</a></p>\n");
}

bool read_page(const DocumentRoot& root, int status, std::string& out)
{
    File file;

    if (root.find("/" + number(status) + ".html", file) != DocumentRoot::FILE_FOUND
        || file.size <= 0 || file.size > LARGEST) {
        return false;
    }
    std::string text(static_cast<size_t>(file.size), '\0');
    if (read(file.descriptor.get(), &text[0], text.size()) != static_cast<ssize_t>(text.size())) {
        return false;
    }
    out.swap(text);
    return true;
}

} // namespace

Pages::Pages(const DocumentRoot& root) : pages_()
{
    for (size_t i = 0; i < sizeof REASONS / sizeof REASONS[0]; ++i) {
        std::string page;

        if (!read_page(root, REASONS[i].status, page)) {
            page = built_in(REASONS[i]);
        }
        pages_[REASONS[i].status].swap(page);
    }
}

wc_status Pages::answer(webcore::Request request, int status, webcore::Headers headers) const
{
    const std::map<int, std::string>::const_iterator page = pages_.find(status);

    headers.add("Content-Type", "text/html; charset=utf-8");
    return request.respond(status, headers, page == pages_.end() ? std::string() : page->second);
}
