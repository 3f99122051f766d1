// SPDX-License-Identifier: MIT OR Apache-2.0
#include "FileAnswer.hpp"
#include "Status.hpp"

#include <errno.h>
#include <unistd.h>

namespace {

const size_t SLICE = 65536;

} // namespace

FileAnswer::FileAnswer(File& file) : descriptor_(), size_(file.size), sent_(0)
{
    descriptor_.swap(file.descriptor);
}

void FileAnswer::start(webcore::Request request, const webcore::Headers& headers)
{
    must(request.begin(200, headers, size_), "begin");
    pump(request);
}

void FileAnswer::on_drain(webcore::Request request)
{
    pump(request);
}

void FileAnswer::pump(webcore::Request request)
{
    char slice[SLICE];

    while (sent_ < size_) {
        const off_t left = size_ - sent_;
        const size_t want = left < static_cast<off_t>(SLICE) ? static_cast<size_t>(left) : SLICE;
        // Reading a regular file never waits for anybody, so it needs no place in the loop; pread,
        // because the offset is this answer's business and not the descriptor's.
        const ssize_t got = pread(descriptor_.get(), slice, want, sent_);

        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            // The length is promised already, and the file has become shorter or unreadable. A
            // connection that ends early tells the client the truth; padding would not.
            must(request.abort(), "abort");
            return;
        }
        sent_ += got;
        if (must(request.write(slice, static_cast<size_t>(got)), "write") == WC_FULL) {
            // Also after the last slice: on_drain comes once for each WC_FULL and finishes then.
            return;
        }
    }
    must(request.finish(), "finish");
}
