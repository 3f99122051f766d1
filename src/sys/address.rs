// SPDX-License-Identifier: MIT OR Apache-2.0
//! Socket addresses between Rust's type and the kernel's. Is not: names, or text.

use std::io;
use std::mem::{self, MaybeUninit};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};

/// An address in the kernel's form. INVARIANT: the first `len` bytes of `storage` are that address.
pub(super) struct Raw {
    storage: libc::sockaddr_storage,
    len: libc::socklen_t,
}

const V4: libc::socklen_t = mem::size_of::<libc::sockaddr_in>() as libc::socklen_t;
const V6: libc::socklen_t = mem::size_of::<libc::sockaddr_in6>() as libc::socklen_t;
const ANY: libc::socklen_t = mem::size_of::<libc::sockaddr_storage>() as libc::socklen_t;

fn zeroed<T: Copy>() -> T {
    // SAFETY: used for the sockaddr structs only, which are plain integers: zero is a value of
    // each.
    unsafe { MaybeUninit::zeroed().assume_init() }
}

impl Raw {
    /// The kernel's form of an address.
    pub(super) fn new(addr: SocketAddr) -> Raw {
        let mut storage: libc::sockaddr_storage = zeroed();
        let place = &raw mut storage;
        let len = match addr {
            SocketAddr::V4(v4) => {
                let mut raw: libc::sockaddr_in = zeroed();
                raw.sin_family = libc::AF_INET as libc::sa_family_t;
                raw.sin_port = v4.port().to_be();
                raw.sin_addr.s_addr = u32::from(*v4.ip()).to_be();
                // SAFETY: sockaddr_storage is as large and as strictly aligned as any sockaddr.
                unsafe { place.cast::<libc::sockaddr_in>().write(raw) };
                V4
            }
            SocketAddr::V6(v6) => {
                let mut raw: libc::sockaddr_in6 = zeroed();
                raw.sin6_family = libc::AF_INET6 as libc::sa_family_t;
                raw.sin6_port = v6.port().to_be();
                raw.sin6_addr.s6_addr = v6.ip().octets();
                raw.sin6_flowinfo = v6.flowinfo();
                raw.sin6_scope_id = v6.scope_id();
                // SAFETY: sockaddr_storage is as large and as strictly aligned as any sockaddr.
                unsafe { place.cast::<libc::sockaddr_in6>().write(raw) };
                V6
            }
        };
        Raw { storage, len }
    }

    /// Where the address is, for bind(2) and connect(2); valid while self is.
    pub(super) fn as_ptr(&self) -> *const libc::sockaddr {
        (&raw const self.storage).cast()
    }

    /// How long it is.
    pub(super) fn len(&self) -> libc::socklen_t {
        self.len
    }

    /// The address that `fill` (getsockname, getpeername) writes.
    pub(super) fn read(
        fill: impl FnOnce(*mut libc::sockaddr, *mut libc::socklen_t) -> libc::c_int,
    ) -> io::Result<SocketAddr> {
        let mut raw = Raw { storage: zeroed(), len: ANY };
        super::check(fill((&raw mut raw.storage).cast(), &mut raw.len))?;
        raw.get().ok_or_else(|| io::Error::from_raw_os_error(libc::EAFNOSUPPORT))
    }

    fn get(&self) -> Option<SocketAddr> {
        let place = &raw const self.storage;
        match i32::from(self.storage.ss_family) {
            libc::AF_INET if self.len >= V4 => {
                // SAFETY: the family and the length say that a sockaddr_in is there.
                let raw = unsafe { place.cast::<libc::sockaddr_in>().read() };
                let ip = Ipv4Addr::from(u32::from_be(raw.sin_addr.s_addr));
                Some(SocketAddrV4::new(ip, u16::from_be(raw.sin_port)).into())
            }
            libc::AF_INET6 if self.len >= V6 => {
                // SAFETY: the family and the length say that a sockaddr_in6 is there.
                let raw = unsafe { place.cast::<libc::sockaddr_in6>().read() };
                let ip = Ipv6Addr::from(raw.sin6_addr.s6_addr);
                let port = u16::from_be(raw.sin6_port);
                Some(SocketAddrV6::new(ip, port, raw.sin6_flowinfo, raw.sin6_scope_id).into())
            }
            _ => None,
        }
    }
}

/// The internet address at a pointer; none where it is of another family, or cut short.
///
/// # Safety
/// `from` is null or points to `len` readable bytes.
pub(super) unsafe fn copy(from: *const libc::sockaddr, len: libc::socklen_t) -> Option<SocketAddr> {
    if from.is_null() || len > ANY {
        return None;
    }
    let mut raw = Raw { storage: zeroed(), len };
    let into = (&raw mut raw.storage).cast::<u8>();
    // SAFETY: the caller promised the bytes, and the storage has room for ANY of them.
    unsafe { std::ptr::copy_nonoverlapping(from.cast::<u8>(), into, len as usize) };
    raw.get()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_survives_the_kernels_form() {
        let scoped = SocketAddrV6::new("fe80::1".parse().unwrap(), 443, 7, 2);
        for addr in ["127.0.0.1:80".parse().unwrap(), "[::1]:65535".parse().unwrap(), scoped.into()]
        {
            let raw = Raw::new(addr);
            assert_eq!(raw.get(), Some(addr));
            // SAFETY: the pointer and the lengths are those of one value, the second one shorter.
            let copies = unsafe { [copy(raw.as_ptr(), raw.len()), copy(raw.as_ptr(), 4)] };
            assert_eq!(copies, [Some(addr), None]);
        }
    }

    #[test]
    fn what_is_no_internet_address_is_an_error() {
        let unix = |place: *mut libc::sockaddr, len: *mut libc::socklen_t| {
            // SAFETY: both pointers are those of `read`, valid during the call.
            unsafe {
                (*place).sa_family = libc::AF_UNIX as libc::sa_family_t;
                *len = 2;
            }
            0
        };
        let error = Raw::read(unix).unwrap_err();
        assert_eq!(error.raw_os_error(), Some(libc::EAFNOSUPPORT));
    }
}
