// SPDX-License-Identifier: MIT OR Apache-2.0
//! Out of descriptors: alone in its process, because the limit is the process's.

use std::net::TcpStream;
use std::os::fd::{AsFd, AsRawFd};
use webcore::sys::limit::descriptors;
use webcore::sys::socket::{Accept, accept, listen, local_addr};

#[allow(unsafe_code)]
fn set_descriptors(soft: u64) {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: `limit` is a valid rlimit for both calls.
    unsafe {
        assert_eq!(libc::getrlimit(libc::RLIMIT_NOFILE, &mut limit), 0);
        limit.rlim_cur = soft as libc::rlim_t;
        assert_eq!(libc::setrlimit(libc::RLIMIT_NOFILE, &limit), 0);
    }
}

#[test]
fn a_connection_that_finds_no_descriptor_stays_pending() {
    let listener = listen("127.0.0.1:0".parse().unwrap(), false, 16).unwrap();
    let client = TcpStream::connect(local_addr(listener.as_fd()).unwrap()).unwrap();
    let before = descriptors();
    // Every number up to the client's is taken, so one more than that is none more.
    set_descriptors(client.as_raw_fd() as u64 + 1);
    assert_eq!(descriptors(), client.as_raw_fd() as u64 + 1);
    for _ in 0..2 {
        let answer = accept(listener.as_fd());
        assert!(matches!(answer, Accept::Exhausted(libc::EMFILE)), "{answer:?}");
    }
    set_descriptors(before);
    let answer = accept(listener.as_fd());
    assert!(matches!(answer, Accept::Conn(_)), "{answer:?}");
}
