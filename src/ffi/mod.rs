// SPDX-License-Identifier: MIT OR Apache-2.0
//! The C border: guard, translate, delegate. Is not: a place for behaviour; what a function does is
//! written in the layers above. INVARIANT: no panic, no enum and no bool crosses it.
//!
//! One file per C noun. The order of the modules below is the order of the header's sections, and C
//! wants a type declared before it is used; build.rs reads the order from here.

pub mod types;

pub mod status;

pub mod stats;

pub mod event;

pub mod loop_;

pub mod timer;

pub mod conn_options;

pub mod conn;

pub mod listener;

#[allow(missing_docs)]
mod http;
mod binding;
mod call;
mod core;
mod give;
mod guard;
mod run;
mod table;

/// A struct of the C API as Rust lays it out: its name, its size, its fields with their offsets.
#[doc(hidden)]
pub type Layout = (&'static str, usize, &'static [(&'static str, usize)]);

/// Says how Rust lays out the structs of the C API: `layout! { module::name { field, ... } ... }`.
macro_rules! layout {
    ($($module:ident::$name:ident { $($field:ident),* $(,)? })*) => {
        vec![$((
            stringify!($name),
            size_of::<$module::$name>(),
            &[$((stringify!($field), std::mem::offset_of!($module::$name, $field))),*] as &[_],
        )),*]
    };
}

/// Every struct of the header; `tests/header.rs` compares it with what a C compiler says, and fails
/// if one is missing here.
#[doc(hidden)]
pub fn layout() -> Vec<Layout> {
    layout! {
        types::wc_str { ptr, len }
        types::wc_header { name, name_len, value, value_len }
    }
}

/// Names the constants of the C API with their values: `constants! { module::NAME ... }`.
macro_rules! constants {
    ($($module:ident::$name:ident)*) => {
        [$((stringify!($name), i64::from($module::$name))),*]
    };
}

/// Every numeric constant of the header that is not of the status catalogue; `tests/header.rs`
/// compares it with what a C compiler says, and fails if one is missing here.
#[doc(hidden)]
pub fn constants() -> Vec<(&'static str, i64)> {
    constants! {
        types::WC_ADDRESS_MAX
        types::WC_FOREVER
    }
    .to_vec()
}
