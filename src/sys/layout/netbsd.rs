// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the headers of NetBSD say, on machines of 64 bits.

use std::mem::offset_of;

// Structs.

facts! {
    sizeof(struct timespec) == 16;
    offsetof(struct timespec, tv_sec) == 0;
    offsetof(struct timespec, tv_nsec) == 8;
    sizeof(struct timeval) == 16;
    offsetof(struct timeval, tv_sec) == 0;
    offsetof(struct timeval, tv_usec) == 8;
    sizeof(struct pollfd) == 8;
    offsetof(struct pollfd, fd) == 0;
    offsetof(struct pollfd, events) == 4;
    offsetof(struct pollfd, revents) == 6;
    sizeof(struct iovec) == 16;
    offsetof(struct iovec, iov_base) == 0;
    offsetof(struct iovec, iov_len) == 8;
    sizeof(struct msghdr) == 48;
    offsetof(struct msghdr, msg_name) == 0;
    offsetof(struct msghdr, msg_namelen) == 8;
    offsetof(struct msghdr, msg_iov) == 16;
    offsetof(struct msghdr, msg_iovlen) == 24;
    offsetof(struct msghdr, msg_control) == 32;
    offsetof(struct msghdr, msg_controllen) == 40;
    offsetof(struct msghdr, msg_flags) == 44;
    sizeof(struct linger) == 8;
    offsetof(struct linger, l_onoff) == 0;
    offsetof(struct linger, l_linger) == 4;
    sizeof(struct sockaddr_in) == 16;
    offsetof(struct sockaddr_in, sin_len) == 0;
    offsetof(struct sockaddr_in, sin_family) == 1;
    offsetof(struct sockaddr_in, sin_port) == 2;
    offsetof(struct sockaddr_in, sin_addr) == 4;
    sizeof(struct sockaddr_in6) == 28;
    offsetof(struct sockaddr_in6, sin6_len) == 0;
    offsetof(struct sockaddr_in6, sin6_family) == 1;
    offsetof(struct sockaddr_in6, sin6_port) == 2;
    offsetof(struct sockaddr_in6, sin6_flowinfo) == 4;
    offsetof(struct sockaddr_in6, sin6_addr) == 8;
    offsetof(struct sockaddr_in6, sin6_scope_id) == 24;
    sizeof(struct sockaddr_un) == 106;
    offsetof(struct sockaddr_un, sun_len) == 0;
    offsetof(struct sockaddr_un, sun_family) == 1;
    offsetof(struct sockaddr_un, sun_path) == 2;
    sizeof(struct sockaddr_storage) == 128;
    offsetof(struct sockaddr_storage, ss_len) == 0;
    offsetof(struct sockaddr_storage, ss_family) == 1;
    sizeof(struct addrinfo) == 48;
    offsetof(struct addrinfo, ai_flags) == 0;
    offsetof(struct addrinfo, ai_family) == 4;
    offsetof(struct addrinfo, ai_socktype) == 8;
    offsetof(struct addrinfo, ai_protocol) == 12;
    offsetof(struct addrinfo, ai_addrlen) == 16;
    offsetof(struct addrinfo, ai_addr) == 32;
    offsetof(struct addrinfo, ai_canonname) == 24;
    offsetof(struct addrinfo, ai_next) == 40;
    sizeof(struct rlimit) == 16;
    offsetof(struct rlimit, rlim_cur) == 0;
    offsetof(struct rlimit, rlim_max) == 8;
    sizeof(struct rusage) == 144;
    offsetof(struct rusage, ru_utime) == 0;
    offsetof(struct rusage, ru_stime) == 16;
    offsetof(struct rusage, ru_maxrss) == 32;
    sizeof(struct sigaction) == 32;
    offsetof(struct sigaction, sa_sigaction) == 0;
    offsetof(struct sigaction, sa_mask) == 8;
    offsetof(struct sigaction, sa_flags) == 24;
    sizeof(fd_set) == 32;
    sizeof(sigset_t) == 16;
    sizeof(siginfo_t) == 128;
    sizeof(nfds_t) == 4;
    sizeof(pid_t) == 4;
    sizeof(sa_family_t) == 1;
    sizeof(socklen_t) == 4;
    sizeof(time_t) == 8;
}

// kqueue.

facts! {
    EVFILT_READ == 0;
    EVFILT_WRITE == 1;
    EVFILT_PROC == 4;
    EVFILT_SIGNAL == 5;
    EVFILT_TIMER == 6;
    EVFILT_USER == 8;
    EV_ADD == 1;
    EV_DELETE == 2;
    EV_ENABLE == 4;
    EV_DISABLE == 8;
    EV_ONESHOT == 0x10;
    EV_CLEAR == 0x20;
    EV_RECEIPT == 0x40;
    EV_DISPATCH == 0x80;
    EV_ERROR == 0x4000;
    EV_EOF == 0x8000;
    NOTE_EXIT == 0x80000000;
    NOTE_FFNOP == 0;
    NOTE_TRIGGER == 0x1000000;
}

// poll and select.

facts! {
    FD_SETSIZE == 256;
    POLLIN == 1;
    POLLPRI == 2;
    POLLOUT == 4;
    POLLERR == 8;
    POLLHUP == 0x10;
    POLLNVAL == 0x20;
}

// Sockets and names.

facts! {
    AF_INET == 2;
    AF_INET6 == 24;
    AF_UNIX == 1;
    SOCK_STREAM == 1;
    SOCK_CLOEXEC == 268435456;
    SOCK_NONBLOCK == 536870912;
    SOL_SOCKET == 65535;
    SO_ERROR == 4103;
    SO_LINGER == 128;
    SO_REUSEADDR == 4;
    SO_NOSIGPIPE == 2048;
    IPPROTO_TCP == 6;
    IPPROTO_IPV6 == 41;
    TCP_NODELAY == 1;
    IPV6_V6ONLY == 27;
    MSG_DONTWAIT == 128;
    MSG_NOSIGNAL == 1024;
    SHUT_RD == 0;
    SHUT_WR == 1;
    SHUT_RDWR == 2;
    AI_NUMERICHOST == 4;
    AI_NUMERICSERV == 8;
    AI_PASSIVE == 1;
    EAI_AGAIN == 2;
    EAI_FAIL == 4;
    EAI_MEMORY == 6;
    EAI_NONAME == 8;
    EAI_SYSTEM == 11;
}

// Descriptors and files.

facts! {
    F_DUPFD_CLOEXEC == 12;
    F_GETFD == 1;
    F_SETFD == 2;
    F_GETFL == 3;
    F_SETFL == 4;
    FD_CLOEXEC == 1;
    O_RDONLY == 0;
    O_WRONLY == 1;
    O_RDWR == 2;
    O_APPEND == 8;
    O_CREAT == 0x200;
    O_TRUNC == 0x400;
    O_CLOEXEC == 0x400000;
    O_NONBLOCK == 4;
    O_NOCTTY == 0x8000;
}

// Processes, signals, limits, clocks.

facts! {
    WNOHANG == 1;
    WNOWAIT == 65536;
    WEXITED == 32;
    P_PID == 1;
    CLD_EXITED == 1;
    RLIMIT_AS == 10;
    RLIMIT_CORE == 4;
    RLIMIT_CPU == 0;
    RLIMIT_DATA == 2;
    RLIMIT_FSIZE == 1;
    RLIMIT_NOFILE == 8;
    RUSAGE_SELF == 0;
    SA_RESTART == 2;
    SA_SIGINFO == 64;
    SIG_BLOCK == 1;
    SIG_SETMASK == 3;
    SIG_UNBLOCK == 2;
    SIGABRT == 6;
    SIGCHLD == 20;
    SIGCONT == 19;
    SIGHUP == 1;
    SIGINT == 2;
    SIGKILL == 9;
    SIGPIPE == 13;
    SIGQUIT == 3;
    SIGSTOP == 17;
    SIGTERM == 15;
    SIGUSR1 == 30;
    SIGUSR2 == 31;
    SIGWINCH == 28;
    CLOCK_MONOTONIC == 3;
    CLOCK_REALTIME == 0;
}

// Errors.

facts! {
    E2BIG == 7;
    EACCES == 13;
    EADDRINUSE == 48;
    EADDRNOTAVAIL == 49;
    EAFNOSUPPORT == 47;
    EAGAIN == 35;
    EALREADY == 37;
    EBADF == 9;
    ECANCELED == 87;
    ECHILD == 10;
    ECONNABORTED == 53;
    ECONNREFUSED == 61;
    ECONNRESET == 54;
    EEXIST == 17;
    EFAULT == 14;
    EHOSTDOWN == 64;
    EHOSTUNREACH == 65;
    EINPROGRESS == 36;
    EINTR == 4;
    EINVAL == 22;
    EIO == 5;
    EISCONN == 56;
    EISDIR == 21;
    ELOOP == 62;
    EMFILE == 24;
    EMSGSIZE == 40;
    ENAMETOOLONG == 63;
    ENETDOWN == 50;
    ENETUNREACH == 51;
    ENFILE == 23;
    ENOBUFS == 55;
    ENODEV == 19;
    ENOENT == 2;
    ENOEXEC == 8;
    ENOMEM == 12;
    ENOPROTOOPT == 42;
    ENOSPC == 28;
    ENOTCONN == 57;
    ENOTDIR == 20;
    ENOTSOCK == 38;
    ENOTSUP == 86;
    EOPNOTSUPP == 45;
    EPERM == 1;
    EPIPE == 32;
    EPROTO == 96;
    EPROTONOSUPPORT == 43;
    ESRCH == 3;
    ETIMEDOUT == 60;
    EWOULDBLOCK == 35;
}

// Since release 10 the headers have a longer `struct kevent`, for `__kevent100`. The libc crate
// calls `__kevent50`, which every release has, with the struct that belongs to it.

const _: () = assert!(size_of::<libc::kevent>() == 40);
const _: () = assert!(offset_of!(libc::kevent, ident) == 0);
const _: () = assert!(offset_of!(libc::kevent, filter) == 8);
const _: () = assert!(offset_of!(libc::kevent, flags) == 12);
const _: () = assert!(offset_of!(libc::kevent, fflags) == 16);
const _: () = assert!(offset_of!(libc::kevent, data) == 24);
const _: () = assert!(offset_of!(libc::kevent, udata) == 32);
