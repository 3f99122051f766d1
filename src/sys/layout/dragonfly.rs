// SPDX-License-Identifier: MIT OR Apache-2.0
//! What kqueue(2) of DragonFly takes and gives, on machines of 64 bits.

facts! {
    sizeof(struct kevent) == 32;
    offsetof(struct kevent, ident) == 0;
    offsetof(struct kevent, filter) == 8;
    offsetof(struct kevent, flags) == 10;
    offsetof(struct kevent, fflags) == 12;
    offsetof(struct kevent, data) == 16;
    offsetof(struct kevent, udata) == 24;
    EVFILT_READ == -1;
    EVFILT_WRITE == -2;
    EVFILT_PROC == -5;
    EVFILT_SIGNAL == -6;
    EVFILT_TIMER == -7;
    EVFILT_USER == -9;
    EV_ADD == 0x1;
    EV_DELETE == 0x2;
    EV_ENABLE == 0x4;
    EV_DISABLE == 0x8;
    EV_ONESHOT == 0x10;
    EV_CLEAR == 0x20;
    EV_RECEIPT == 0x40;
    EV_DISPATCH == 0x80;
    EV_ERROR == 0x4000;
    EV_EOF == 0x8000;
    NOTE_EXIT == 0x80000000;
    NOTE_TRIGGER == 0x1000000;
}
