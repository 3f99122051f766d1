// SPDX-License-Identifier: MIT OR Apache-2.0
//! Every state machine of the library, run over all its states and inputs. The list is here alone.

use webcore::base::Machine;
use webcore::base::machine::markdown;
use webcore::codec::http1::chunked::{Chunk, Extension};
use webcore::codec::http1::exchange::{ReadSide, WriteSide};
use webcore::codec::http1::{fields, head};
use webcore::codec::length::LengthState;
use webcore::codec::line::LineState;
use webcore::net::gate::Gate;
use webcore::net::life::Life;
use webcore::source::child::{Course, Ending};

/// A machine without its types: states and inputs are numbers, in the order of its own lists.
pub struct Drawn {
    pub name: &'static str,
    pub states: Vec<String>,
    pub sentences: Vec<&'static str>,
    pub inputs: Vec<String>,
    /// `table[state][input]` is the state that follows; none where the input cannot come.
    pub table: Vec<Vec<Option<usize>>>,
    /// As it stands in docs/STATES.md.
    pub picture: String,
}

/// Every machine of the library.
pub fn machines() -> Vec<Drawn> {
    vec![
        draw::<Life>(),
        draw::<Gate>(),
        draw::<Course>(),
        draw::<Ending>(),
        draw::<LineState>(),
        draw::<LengthState>(),
        draw::<ReadSide>(),
        draw::<WriteSide>(),
        draw::<head::Place>(),
        draw::<fields::Place>(),
        draw::<Chunk>(),
        draw::<Extension>(),
    ]
}

/// Runs a machine; a state that is not in its list is a defect, told at once.
pub fn draw<M: Machine>() -> Drawn {
    let number = |state: M| {
        M::STATES.iter().position(|other| *other == state).unwrap_or_else(|| {
            panic!("{}: {state:?} is not in the list of its states", M::NAME);
        })
    };
    let row = |state: &M| {
        M::INPUTS.iter().map(|input| state.next(*input).map(number)).collect::<Vec<_>>()
    };
    Drawn {
        name: M::NAME,
        states: M::STATES.iter().map(|state| format!("{state:?}")).collect(),
        sentences: M::STATES.iter().map(|state| state.sentence()).collect(),
        inputs: M::INPUTS.iter().map(|input| format!("{input:?}")).collect(),
        table: M::STATES.iter().map(row).collect(),
        picture: markdown::<M>(),
    }
}
