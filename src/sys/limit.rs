// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the system allows this process.

/// Descriptors this process may have open at a time: the soft RLIMIT_NOFILE.
pub fn descriptors() -> u64 {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: `limit` is a valid rlimit for the whole call.
    let result = unsafe { libc::getrlimit(libc::RLIMIT_NOFILE, &mut limit) };
    debug_assert_eq!(result, 0, "the arguments are constants that POSIX knows");
    limit.rlim_cur as _
}

#[cfg(test)]
mod tests {
    #[test]
    fn there_is_room_for_standard_input_output_and_error() {
        assert!(super::descriptors() > 3);
    }
}
