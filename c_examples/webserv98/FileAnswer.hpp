// SPDX-License-Identifier: MIT OR Apache-2.0
// Sends a file that is too large to be held in memory at once: slice by slice, as fast as the
// client takes it and no faster. A thousand slow downloads of a large file cost a thousand queues
// of bounded size, not a thousand copies of the file.
#ifndef WEBSERV98_FILEANSWER_HPP
#define WEBSERV98_FILEANSWER_HPP

#include "DocumentRoot.hpp"
#include "webcore.hpp"

class FileAnswer : public webcore::HttpHandler {
public:
    // Takes the open file out of `file`.
    explicit FileAnswer(File& file);

    // Sends the head and as much of the file as finds room; on_drain goes on from there.
    void start(webcore::Request request, const webcore::Headers& headers);

    virtual void on_drain(webcore::Request request);

private:
    void pump(webcore::Request request);

    Descriptor descriptor_;
    const off_t size_;
    off_t sent_;
};

#endif
