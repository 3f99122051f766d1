// SPDX-License-Identifier: MIT OR Apache-2.0
//! Files: of what kind one is, and the bytes of one on disk. Is not: writing them.

use super::fault::{self, Call};
use super::{Fd, check};
use std::fs::{self, File, Metadata, OpenOptions};
use std::io;
use std::os::fd::AsFd;
use std::os::unix::fs::{FileExt, FileTypeExt, OpenOptionsExt};
use std::path::Path;

/// Whether it is a file or a directory on disk, for which no kernel has readiness that means
/// anything; an error (EBADF) if it is not open. See fstat(2).
pub fn is_on_disk(fd: Fd) -> io::Result<bool> {
    // SAFETY: stat is integers: all zero is a value of it.
    let mut about: libc::stat = unsafe { std::mem::zeroed() };
    // SAFETY: `about` is valid for the whole call; a number that is no descriptor is refused.
    let call = || unsafe { libc::fstat(fd.raw(), &mut about) };
    check(fault::call(Call::Fstat, call))?;
    Ok(matches!(about.st_mode & libc::S_IFMT, libc::S_IFREG | libc::S_IFDIR))
}

/// Whether a selector refused a descriptor because it never waits: epoll_ctl(2) answers EPERM.
pub fn has_no_readiness(error: &io::Error) -> bool {
    error.raw_os_error() == Some(libc::EPERM)
}

/// EISDIR for a directory, ESPIPE for a pipe, a socket or a device: what comes from these has no
/// places, and may let a reader wait for ever.
fn expect_on_disk(about: &Metadata) -> io::Result<()> {
    let kind = about.file_type();
    let waits = kind.is_fifo() || kind.is_socket() || kind.is_char_device();
    match () {
        () if kind.is_dir() => Err(io::Error::from_raw_os_error(libc::EISDIR)),
        () if waits || kind.is_block_device() => Err(io::Error::from_raw_os_error(libc::ESPIPE)),
        () => Ok(()),
    }
}

/// Bytes asked for in one pread(2).
const PIECE: usize = 256 << 10;

/// The bytes of a file from `offset` on, at most `max` of them; fewer only where the file ends.
/// What is no file on disk is refused without opening it, which might wake who waits at its other
/// end.
pub fn read(path: &Path, offset: u64, max: usize) -> io::Result<Vec<u8>> {
    expect_on_disk(&fs::metadata(path)?)?;
    let flags = libc::O_NONBLOCK | libc::O_NOCTTY;
    check(fault::call(Call::Open, || 0))?;
    let file = OpenOptions::new().read(true).custom_flags(flags).open(path)?;
    // Asked again: the name may stand for something else by now.
    let about = file.metadata()?;
    expect_on_disk(&about)?;
    let mut bytes = Vec::new();
    let left = usize::try_from(about.len().saturating_sub(offset)).unwrap_or(usize::MAX);
    bytes.try_reserve_exact(left.min(max)).map_err(|_| no_memory())?;
    while bytes.len() < max {
        let got = read_on(&file, offset, &mut bytes, max)?;
        if got == 0 {
            break;
        }
    }
    Ok(bytes)
}

fn no_memory() -> io::Error {
    io::Error::from_raw_os_error(libc::ENOMEM)
}

/// Appends the next piece; none at the end of the file.
fn read_on(file: &File, offset: u64, bytes: &mut Vec<u8>, max: usize) -> io::Result<usize> {
    let old = bytes.len();
    // No file goes on behind the last place that off_t can name.
    let at = offset.saturating_add(old as u64);
    let room = (i64::MAX as u64).saturating_sub(at);
    let more = PIECE.min(max - old).min(usize::try_from(room).unwrap_or(PIECE));
    if more == 0 {
        return Ok(0);
    }
    bytes.try_reserve(more).map_err(|_| no_memory())?;
    bytes.resize(old + more, 0);
    let got = loop {
        let mut result = Ok(0);
        let moved = fault::transfer(Call::Pread, file.as_fd(), more, |most| {
            result = file.read_at(&mut bytes[old..old + most], at);
            0
        });
        // A fault has set errno and not called.
        let result = if moved < 0 { Err(io::Error::last_os_error()) } else { result };
        match result {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            result => break result,
        }
    };
    bytes.truncate(old + *got.as_ref().unwrap_or(&0));
    got
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::PathBuf;

    /// A name in a directory that goes with the test.
    struct Place(PathBuf);

    impl Place {
        fn new(name: &str) -> Place {
            let place = std::env::temp_dir().join(format!("webcore.{name}.{}", std::process::id()));
            fs::create_dir(&place).unwrap();
            Place(place)
        }

        fn file(&self) -> PathBuf {
            self.0.join("file")
        }
    }

    impl Drop for Place {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn a_file_is_read_from_an_offset_up_to_a_cap_or_its_end() {
        let place = Place::new("read");
        let bytes: Vec<u8> = (0..2 * PIECE + 5).map(|at| (at % 251) as u8).collect();
        fs::write(place.file(), &bytes).unwrap();
        for (offset, max) in [(0, PIECE), (3, 2 * PIECE), (0, 2 * PIECE + 5), (7, 1), (7, 0)] {
            let got = read(&place.file(), offset as u64, max).unwrap();
            assert!(got == bytes[offset..offset + max], "{max} from {offset}");
        }
        assert!(read(&place.file(), 1, usize::MAX >> 1).unwrap() == bytes[1..]);
        for behind in [bytes.len() as u64, 1 << 40, i64::MAX as u64, u64::MAX] {
            assert_eq!(read(&place.file(), behind, 10).unwrap(), b"");
        }
    }

    #[test]
    fn what_is_no_file_on_disk_is_refused_at_once() {
        let place = Place::new("refuse");
        let fifo = std::process::Command::new("mkfifo").arg(place.file()).status().unwrap();
        assert!(fifo.success());
        let socket = place.0.join("socket");
        let _listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
        let refused = [
            (place.0.clone(), libc::EISDIR),
            (place.file(), libc::ESPIPE),
            (socket, libc::ESPIPE),
            (PathBuf::from("/dev/zero"), libc::ESPIPE),
            (place.0.join("none"), libc::ENOENT),
            (place.file().join("below"), libc::ENOTDIR),
        ];
        for (path, expected) in refused {
            let error = read(&path, 0, 10).unwrap_err();
            assert_eq!(error.raw_os_error(), Some(expected), "{}", path.display());
        }
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_file_that_does_not_say_its_size_is_read_to_its_end() {
        let got = read(Path::new("/proc/self/status"), 0, 1 << 20).unwrap();
        assert!(got.starts_with(b"Name:"));
    }

    #[test]
    fn files_and_directories_are_on_disk_and_sockets_are_not() {
        let kind = |path| is_on_disk(Fd::of(&std::fs::File::open(path).unwrap())).unwrap();
        assert!(
            kind(env!("CARGO_MANIFEST_DIR"))
                && kind(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"))
        );
        assert!(!kind("/dev/null"));
        let (near, _far) = std::os::unix::net::UnixStream::pair().unwrap();
        assert!(!is_on_disk(Fd::of(&near)).unwrap());
        assert_eq!(is_on_disk(Fd::NONE).unwrap_err().raw_os_error(), Some(libc::EBADF));
    }
}
