// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the kernels of BSD do, as a list of checks for what stands in for them.

mod own;

use super::*;
use crate::sys::socket::reset_on_close;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::os::unix::net::UnixStream;

const NOW: Option<Duration> = Some(Duration::ZERO);
/// Longer than any delivery on this machine takes.
const SOON: Option<Duration> = Some(Duration::from_secs(30));
const BLANK: kevent =
    kevent { ident: 0, filter: 0, flags: 0, fflags: 0, data: 0, udata: std::ptr::null_mut() };

fn change(fd: &impl AsRawFd, filter: i16, flags: u16) -> kevent {
    kevent { ident: fd.as_raw_fd() as usize, filter, flags, ..BLANK }
}

/// What a report says: filter, amount, end, error.
type Told = (i16, isize, bool, u32);

struct Watcher(Queue);

impl Watcher {
    fn new() -> Watcher {
        Watcher(Queue::new().unwrap())
    }

    fn add(&mut self, fd: &impl AsRawFd, filter: i16, flags: u16) {
        assert_eq!(self.refusal(fd, filter, EV_ADD | flags), None);
    }

    /// What a change is refused with.
    fn refusal(&mut self, fd: &impl AsRawFd, filter: i16, flags: u16) -> Option<i32> {
        let result = self.0.answer(&[change(fd, filter, flags)], &mut [], NOW);
        result.err().and_then(|error| error.raw_os_error())
    }

    fn told_at_most(&mut self, most: usize, timeout: Option<Duration>) -> Vec<Told> {
        let mut out = vec![BLANK; most];
        let count = self.0.answer(&[], &mut out, timeout).unwrap();
        let told = |e: &kevent| (e.filter, e.data, e.flags & EV_EOF != 0, e.fflags);
        let mut told: Vec<Told> = out[..count].iter().map(told).collect();
        told.sort_unstable_by_key(|told| -told.0);
        told
    }

    fn told(&mut self, timeout: Option<Duration>) -> Vec<Told> {
        self.told_at_most(8, timeout)
    }

    /// Waits until something is told that is `right`.
    fn told_soon(&mut self, right: impl Fn(&Told) -> bool) -> Told {
        let begun = Instant::now();
        loop {
            if let Some(told) = self.told(SOON).into_iter().find(&right) {
                return told;
            }
            assert!(begun.elapsed() < SOON.unwrap(), "it was never told");
        }
    }
}

fn tcp_pair() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    (client, listener.accept().unwrap().0)
}

#[test]
fn input_is_told_with_its_amount_by_level() {
    let (near, mut far) = UnixStream::pair().unwrap();
    let mut watcher = Watcher::new();
    watcher.add(&near, EVFILT_READ, 0);
    assert_eq!(watcher.told(NOW), []);
    far.write_all(b"abc").unwrap();
    assert_eq!(watcher.told(SOON), [(EVFILT_READ, 3, false, 0)]);
    assert_eq!(watcher.told(NOW), [(EVFILT_READ, 3, false, 0)]);
    (&near).read_exact(&mut [0; 2]).unwrap();
    assert_eq!(watcher.told(NOW), [(EVFILT_READ, 1, false, 0)]);
    (&near).read_exact(&mut [0]).unwrap();
    assert_eq!(watcher.told(NOW), []);
}

#[test]
fn a_listener_tells_how_many_are_pending() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut watcher = Watcher::new();
    watcher.add(&listener, EVFILT_READ, 0);
    assert_eq!(watcher.told(NOW), []);
    let address = listener.local_addr().unwrap();
    let clients: Vec<TcpStream> = (0..3).map(|_| TcpStream::connect(address).unwrap()).collect();
    assert_eq!(watcher.told_soon(|told| told.1 == 3), (EVFILT_READ, 3, false, 0));
    drop(clients);
}

#[test]
fn both_directions_are_events_of_their_own_and_take_turns() {
    let (near, mut far) = UnixStream::pair().unwrap();
    let mut watcher = Watcher::new();
    watcher.add(&near, EVFILT_READ, 0);
    watcher.add(&near, EVFILT_WRITE, 0);
    far.write_all(b"a").unwrap();
    let told = watcher.told(SOON);
    assert_eq!(told.len(), 2);
    assert_eq!(told[0], (EVFILT_READ, 1, false, 0));
    assert!(told[1].0 == EVFILT_WRITE && told[1].1 > 4_096, "room for more than a page");
    let filters: Vec<i16> = (0..4).map(|_| watcher.told_at_most(1, NOW)[0].0).collect();
    assert!(filters[0] != filters[1] && filters[..2] == filters[2..], "{filters:?}");
}

#[test]
fn an_end_is_told_with_what_is_still_to_be_read() {
    let (near, mut far) = tcp_pair();
    let mut watcher = Watcher::new();
    watcher.add(&near, EVFILT_READ, 0);
    far.write_all(b"hello").unwrap();
    far.shutdown(Shutdown::Write).unwrap();
    assert_eq!(watcher.told_soon(|told| told.2), (EVFILT_READ, 5, true, 0));
    (&near).read_exact(&mut [0; 5]).unwrap();
    assert_eq!(watcher.told(NOW), [(EVFILT_READ, 0, true, 0)]);
}

#[test]
fn a_reset_is_an_end_with_an_error_and_what_is_pending_is_counted() {
    let (near, mut far) = tcp_pair();
    let mut watcher = Watcher::new();
    watcher.add(&near, EVFILT_READ, 0);
    watcher.add(&near, EVFILT_WRITE, 0);
    far.write_all(b"hello").unwrap();
    watcher.told_soon(|told| told.0 == EVFILT_READ && told.1 == 5);
    reset_on_close(far.as_fd());
    drop(far);
    let reset = libc::ECONNRESET as u32;
    let told = watcher.told_soon(|told| told.0 == EVFILT_READ && told.2);
    assert_eq!(told, (EVFILT_READ, 5, true, reset));
    let told = watcher.told_soon(|told| told.0 == EVFILT_WRITE);
    assert!(told.2 && told.3 == reset, "{told:?}");
    // Looking has not taken the error.
    assert_eq!(crate::sys::socket::take_error(near.as_fd()), libc::ECONNRESET);
}

#[test]
fn an_edge_is_told_once_for_each_arrival() {
    let (near, mut far) = tcp_pair();
    let mut watcher = Watcher::new();
    watcher.add(&near, EVFILT_READ, EV_CLEAR);
    watcher.add(&near, EVFILT_WRITE, EV_CLEAR);
    let room = watcher.told(SOON);
    assert!(room.len() == 1 && room[0].0 == EVFILT_WRITE && !room[0].2, "{room:?}");
    assert_eq!(watcher.told(NOW), []);
    far.write_all(b"abc").unwrap();
    assert_eq!(watcher.told(SOON), [(EVFILT_READ, 3, false, 0)]);
    (&near).read_exact(&mut [0]).unwrap();
    assert_eq!(watcher.told(NOW), [], "a part that is read is no arrival");
    far.write_all(b"d").unwrap();
    assert_eq!(watcher.told(SOON), [(EVFILT_READ, 3, false, 0)]);
    far.shutdown(Shutdown::Write).unwrap();
    assert_eq!(watcher.told_soon(|told| told.0 == EVFILT_READ), (EVFILT_READ, 3, true, 0));
    assert_eq!(watcher.told(NOW), []);
}

#[test]
fn what_is_not_true_any_more_is_not_told() {
    let (near, mut far) = UnixStream::pair().unwrap();
    let mut watcher = Watcher::new();
    watcher.add(&near, EVFILT_READ, EV_CLEAR);
    far.write_all(b"a").unwrap();
    (&near).read_exact(&mut [0]).unwrap();
    assert_eq!(watcher.told(NOW), []);
}

#[test]
fn a_close_takes_the_filters_along_though_a_duplicate_lives() {
    let (near, mut far) = UnixStream::pair().unwrap();
    let (other, mut other_far) = UnixStream::pair().unwrap();
    let duplicate = near.try_clone().unwrap();
    let number = near.as_raw_fd();
    let mut watcher = Watcher::new();
    watcher.add(&near, EVFILT_READ, 0);
    far.write_all(b"a").unwrap();
    assert_eq!(watcher.told(SOON).len(), 1);
    // Another descriptor gets its number; nothing is left of the filter.
    // SAFETY: both numbers are open and stay so; dup2 takes no pointer.
    assert_eq!(unsafe { libc::dup2(other.as_raw_fd(), number) }, number);
    other_far.write_all(b"b").unwrap();
    assert_eq!(watcher.told(NOW), []);
    assert_eq!(watcher.refusal(&number, EVFILT_READ, EV_DELETE), Some(libc::ENOENT));
    watcher.add(&number, EVFILT_READ, 0);
    assert_eq!(watcher.told(SOON).len(), 1);
    // The first comes back under the number under which it was watched.
    // SAFETY: as above.
    assert_eq!(unsafe { libc::dup2(duplicate.as_raw_fd(), number) }, number);
    assert_eq!(watcher.told(NOW), []);
    watcher.add(&number, EVFILT_READ, 0);
    assert_eq!(watcher.told(SOON), [(EVFILT_READ, 1, false, 0)]);
    drop(near);
    assert_eq!(watcher.told(NOW), []);
    assert_eq!(watcher.refusal(&number, EVFILT_READ, EV_DELETE), Some(libc::EBADF));
}

#[test]
fn one_shot_is_told_once_and_is_gone() {
    let (near, mut far) = UnixStream::pair().unwrap();
    let mut watcher = Watcher::new();
    watcher.add(&near, EVFILT_READ, EV_ONESHOT);
    far.write_all(b"a").unwrap();
    assert_eq!(watcher.told(SOON).len(), 1);
    assert_eq!(watcher.told(NOW), []);
    assert_eq!(watcher.refusal(&near, EVFILT_READ, EV_DELETE), Some(libc::ENOENT));
}

#[test]
fn a_filter_added_again_keeps_its_flags_and_is_run_again() {
    let (near, mut far) = UnixStream::pair().unwrap();
    let mut watcher = Watcher::new();
    watcher.add(&near, EVFILT_READ, 0);
    watcher.add(&near, EVFILT_READ, EV_ONESHOT);
    far.write_all(b"a").unwrap();
    assert_eq!(watcher.told(SOON).len(), 1);
    assert_eq!(watcher.told(NOW).len(), 1, "one-shot was too late");
    let mut edge = Watcher::new();
    edge.add(&near, EVFILT_READ, EV_CLEAR);
    assert_eq!((edge.told(SOON).len(), edge.told(NOW).len()), (1, 0));
    edge.add(&near, EVFILT_READ, EV_CLEAR);
    assert_eq!(edge.told(SOON).len(), 1);
}

#[test]
fn a_pipe_tells_its_bytes_and_its_end() {
    let (read, mut write) = pipe();
    let mut watcher = Watcher::new();
    watcher.add(&read, EVFILT_READ, 0);
    watcher.add(&write, EVFILT_WRITE, EV_CLEAR);
    assert_eq!(watcher.told(SOON)[0].0, EVFILT_WRITE);
    write.write_all(b"abc").unwrap();
    assert_eq!(watcher.told_soon(|told| told.0 == EVFILT_READ), (EVFILT_READ, 3, false, 0));
    drop(write);
    assert_eq!(watcher.told_soon(|told| told.2), (EVFILT_READ, 3, true, 0));
}

#[test]
fn a_pipe_that_nobody_reads_is_an_end_without_an_error() {
    let (read, write) = pipe();
    let mut watcher = Watcher::new();
    watcher.add(&write, EVFILT_WRITE, EV_CLEAR);
    assert!(!watcher.told(SOON)[0].2);
    drop(read);
    let told = watcher.told_soon(|_| true);
    assert!(told.2 && told.3 == 0, "{told:?}");
}

#[test]
fn our_own_end_of_a_socket_is_an_end_of_its_output() {
    for (near, far) in
        [UnixStream::pair().map(|(a, b)| (OwnedFd::from(a), OwnedFd::from(b))).unwrap(), {
            let (a, b) = tcp_pair();
            (a.into(), b.into())
        }]
    {
        let mut watcher = Watcher::new();
        watcher.add(&near, EVFILT_WRITE, EV_CLEAR);
        assert!(!watcher.told(SOON)[0].2);
        crate::sys::socket::shutdown_write(near.as_fd()).unwrap();
        let told = watcher.told_soon(|_| true);
        assert!(told.0 == EVFILT_WRITE && told.2 && told.3 == 0, "{told:?}");
        drop(far);
    }
}

#[test]
fn a_file_can_be_read_up_to_its_end() {
    let mut file = File::open(std::env::current_exe().unwrap()).unwrap();
    let mut watcher = Watcher::new();
    watcher.add(&file, EVFILT_READ, 0);
    let size = file.metadata().unwrap().len() as isize;
    assert_eq!(watcher.told(NOW), [(EVFILT_READ, size, false, 0)]);
    file.seek(SeekFrom::End(-3)).unwrap();
    assert_eq!(watcher.told(NOW), [(EVFILT_READ, 3, false, 0)]);
    file.seek(SeekFrom::End(0)).unwrap();
    assert_eq!(watcher.told(NOW), []);
}

#[test]
fn a_refused_change_is_reported_where_there_is_room_and_the_rest_is_made() {
    let (near, mut far) = UnixStream::pair().unwrap();
    far.write_all(b"a").unwrap();
    let mut watcher = Watcher::new();
    let changes = [
        change(&-1, EVFILT_READ, EV_ADD),
        change(&near, EVFILT_WRITE, EV_DELETE),
        change(&near, EVFILT_READ, EV_ADD),
    ];
    let mut out = [BLANK; 4];
    assert_eq!(watcher.0.answer(&changes, &mut out, SOON).unwrap(), 2, "and no event");
    let errors: Vec<(u16, isize)> = out[..2].iter().map(|e| (e.flags, e.data)).collect();
    let expected = [(EV_ERROR, libc::EBADF as isize), (EV_ERROR, libc::ENOENT as isize)];
    assert_eq!(errors, expected);
    assert_eq!(watcher.told(SOON).len(), 1);
    // With room for one the second refusal is that of the call, and the third change is not made.
    watcher = Watcher::new();
    let refused = watcher.0.answer(&changes, &mut out[..1], SOON).unwrap_err();
    assert_eq!(refused.raw_os_error(), Some(libc::ENOENT));
    assert_eq!(watcher.told(NOW), []);
}

#[test]
fn its_own_descriptor_is_readable_while_something_would_be_told() {
    let (near, mut far) = UnixStream::pair().unwrap();
    let mut watcher = Watcher::new();
    let name = watcher.0.name();
    let readable = || poll::wait(&mut [poll::record(name, libc::POLLIN)], 0).unwrap() == 1;
    watcher.add(&near, EVFILT_READ, 0);
    assert!(!readable());
    far.write_all(b"a").unwrap();
    assert!(readable());
    assert_eq!(watcher.told(SOON).len(), 1);
    assert!(readable(), "it was not read yet");
    (&near).read_exact(&mut [0]).unwrap();
    assert_eq!(watcher.told(NOW), []);
    assert!(!readable());
}

fn pipe() -> (File, File) {
    let mut ends = [-1; 2];
    // SAFETY: there is room for two descriptors, and those given are nobody else's.
    unsafe {
        assert_eq!(libc::pipe2(ends.as_mut_ptr(), libc::O_CLOEXEC), 0);
        (File::from_raw_fd(ends[0]), File::from_raw_fd(ends[1]))
    }
}
