/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What the backend of this run can do, for tests of what not every kernel facility can. */
#ifndef BACKEND_H
#define BACKEND_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "webcore.h"

/* Whether loops of this run are on the backend of this name. */
static inline int backend_is(const char *name)
{
    const char *given = getenv("WEBCORE_BACKEND");
    return strcmp(given != NULL ? given : wc_backend_name(0), name) == 0;
}

/* Whether their backend has a feature. */
static inline int backend_has(uint32_t feature)
{
    uint32_t bits = 0;
    size_t at;
    for (at = 0; at < wc_backend_count(); at++) {
        if (backend_is(wc_backend_name(at)) && wc_backend_features(at, &bits) == WC_OK) {
            return (bits & feature) != 0;
        }
    }
    return 0;
}

#endif
