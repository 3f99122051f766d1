// SPDX-License-Identifier: MIT OR Apache-2.0
//! One request and its answer on a connection: two machines, one for what is read and one for what
//! is written, and whether the connection is kept. Is not: bytes; it is told what was read and says
//! what may be written. Invariant: the next request begins only at (Done, Done, kept), in `next`.

use super::{Head, Method};
use crate::base::{Machine, Status, limits};

/// The request's side.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum ReadSide {
    /// The head of a request is due.
    #[default]
    Head,
    /// The body, or its end, is due.
    Body,
    /// The request is complete.
    Done,
    /// The connection speaks another protocol now.
    Upgraded,
    /// The request was cut, or is not HTTP: nothing more is read.
    Broken,
}

/// What can happen on the request's side.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ReadInput {
    /// A head came.
    Head,
    /// The message came to its end.
    End,
    /// The answer is complete, too, and the connection is kept.
    Again,
    /// 101 was answered.
    Switch,
    /// The decoder failed.
    Fault,
}

impl Machine for ReadSide {
    type Input = ReadInput;
    const NAME: &'static str = "http exchange, request";
    const STATES: &'static [Self] =
        &[Self::Head, Self::Body, Self::Done, Self::Upgraded, Self::Broken];
    const INPUTS: &'static [ReadInput] =
        &[ReadInput::Head, ReadInput::End, ReadInput::Again, ReadInput::Switch, ReadInput::Fault];

    #[inline]
    fn next(self, input: ReadInput) -> Option<Self> {
        use ReadInput as In;
        use ReadSide::*;
        Some(match (self, input) {
            (Head, In::Head) => Body,
            (Body, In::End) => Done,
            (Done, In::Again) => Head,
            (Done, In::Switch) => Upgraded,
            (Head | Body, In::Fault) => Broken,
            (Head, In::End | In::Again | In::Switch)
            | (Body, In::Head | In::Again | In::Switch)
            | (Done, In::Head | In::End | In::Fault)
            | (Upgraded | Broken, _) => return None,
        })
    }

    fn sentence(self) -> &'static str {
        match self {
            ReadSide::Head => "The head of a request is due.",
            ReadSide::Body => "The body of the request, or its end, is due.",
            ReadSide::Done => "The request is complete.",
            ReadSide::Upgraded => "The connection speaks another protocol now.",
            ReadSide::Broken => "The request was cut or is not HTTP; nothing more is read.",
        }
    }
}

/// The answer's side.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum WriteSide {
    /// The head of the answer was not written.
    #[default]
    Head,
    /// The head was written; the body, or its end, is due.
    Body,
    /// The answer is complete.
    Done,
    /// The connection speaks another protocol now.
    Upgraded,
    /// The answer was cut: the client can only be told by the end of the connection.
    Broken,
}

/// What can happen on the answer's side.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum WriteInput {
    /// The final head was written.
    Head,
    /// The answer was written to its end.
    End,
    /// The request is complete, too, and the connection is kept.
    Again,
    /// 101 was answered.
    Switch,
    /// The answer was given up.
    Abort,
}

impl Machine for WriteSide {
    type Input = WriteInput;
    const NAME: &'static str = "http exchange, answer";
    const STATES: &'static [Self] =
        &[Self::Head, Self::Body, Self::Done, Self::Upgraded, Self::Broken];
    const INPUTS: &'static [WriteInput] = &[
        WriteInput::Head,
        WriteInput::End,
        WriteInput::Again,
        WriteInput::Switch,
        WriteInput::Abort,
    ];

    #[inline]
    fn next(self, input: WriteInput) -> Option<Self> {
        use WriteInput as In;
        use WriteSide::*;
        Some(match (self, input) {
            (Head, In::Head) => Body,
            (Body, In::End) => Done,
            (Done, In::Again) => Head,
            (Head, In::Switch) => Upgraded,
            (Head | Body, In::Abort) => Broken,
            (Head, In::End | In::Again)
            | (Body, In::Head | In::Again | In::Switch)
            | (Done, In::Head | In::End | In::Switch | In::Abort)
            | (Upgraded | Broken, _) => return None,
        })
    }

    fn sentence(self) -> &'static str {
        match self {
            WriteSide::Head => "The head of the answer was not written.",
            WriteSide::Body => "The head was written; the body, or its end, is due.",
            WriteSide::Done => "The answer is complete.",
            WriteSide::Upgraded => "The connection speaks another protocol now.",
            WriteSide::Broken => "The answer was cut; only the end of the connection can tell.",
        }
    }
}

/// How the end of an answer is known to the client.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Framing {
    /// By its status: it has no body and says nothing about one.
    Nothing,
    /// By Content-Length.
    Length(u64),
    /// By the last chunk.
    Chunked,
    /// By the end of the connection: the only way to stream to HTTP/1.0.
    Close,
}

/// What the field Connection of an answer says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Persistence {
    /// Nothing: HTTP/1.1 keeps connections.
    Implied,
    /// `keep-alive`: the HTTP/1.0 client asked for it.
    KeepAlive,
    /// `close`.
    Close,
}

/// What the head of an answer has to say, and whether its body is sent.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Plan {
    /// How the body is framed.
    pub framing: Framing,
    /// The field Connection.
    pub persistence: Persistence,
    /// True exactly when body bytes go onto the wire; to HEAD only the framing is told.
    pub body: bool,
}

/// What comes next on the connection.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Next {
    /// This exchange goes on.
    Wait,
    /// It is over; the next request may be decoded.
    Again,
    /// It was the last one: send what is queued, end the output, linger.
    Close,
    /// Its answer was cut: the connection has to end without a clean end of the message.
    Abort,
    /// The bytes belong to another protocol now.
    Upgraded,
}

/// The state of a connection as HTTP has it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Exchange {
    read: ReadSide,
    write: WriteSide,
    /// True exactly when nothing so far forbids another request on this connection.
    keep: bool,
    /// The method, as far as the answer's framing depends on it.
    method: Method,
    /// The minor version of the request.
    minor: u8,
    /// True exactly when the client may be waiting for 100 (Continue).
    expects: bool,
    /// Bytes of the body still due; all that can be where chunks frame it.
    left: u64,
    /// Bytes of the body that came behind the end of the answer.
    discarded: u64,
}

impl Default for Exchange {
    fn default() -> Self {
        Exchange {
            read: ReadSide::Head,
            write: WriteSide::Head,
            keep: true,
            method: Method::Other,
            minor: 1,
            expects: false,
            left: 0,
            discarded: 0,
        }
    }
}

impl Exchange {
    /// Where the request is.
    pub fn read_side(&self) -> ReadSide {
        self.read
    }

    /// Where the answer is.
    pub fn write_side(&self) -> WriteSide {
        self.write
    }

    /// Whether the connection may serve another request, as far as is known now.
    pub fn is_kept(&self) -> bool {
        self.keep
    }

    /// A head was decoded.
    pub fn read_head(&mut self, head: &Head) {
        self.turn_read(ReadInput::Head);
        self.keep &= head.keep_alive;
        self.method = head.known;
        self.minor = head.minor;
        self.expects = head.expect_continue && head.has_body();
        self.left = if head.chunked { u64::MAX } else { head.length.unwrap_or(0) };
    }

    /// `len` bytes of the body came; false if they belong to nobody, for the answer is complete.
    pub fn read_body(&mut self, len: usize) -> bool {
        debug_assert_eq!(self.read, ReadSide::Body);
        self.expects = false;
        self.left = self.left.saturating_sub(len as u64);
        if self.write != WriteSide::Done {
            return true;
        }
        self.discarded += len as u64;
        self.keep &= self.discarded <= limits::HTTP_DISCARD;
        false
    }

    /// The request came to its end.
    pub fn read_end(&mut self) {
        self.expects = false;
        self.turn_read(ReadInput::End);
    }

    /// Bytes came that are not decoded yet: a body that follows is not waited for any more.
    pub fn read_some(&mut self) {
        self.expects = false;
    }

    /// The method of a request whose head cannot be completed: what answers it has a body or not by
    /// that.
    pub fn read_method(&mut self, method: Method) {
        self.method = method;
    }

    /// The decoder failed, or the client's end or a deadline came in the middle of a request. One
    /// that is whole stays so, and is the last.
    pub fn read_fault(&mut self) {
        self.keep = false;
        if matches!(self.read, ReadSide::Head | ReadSide::Body) {
            self.turn_read(ReadInput::Fault);
        }
    }

    /// The client ended its output: what came complete is answered, then the connection ends.
    pub fn read_eof(&mut self) {
        self.keep = false;
    }

    /// The server wants to end: this exchange is the last one.
    pub fn last(&mut self) {
        self.keep = false;
    }

    /// The handler wants the body, of which nothing is there yet: whether 100 (Continue) has to be
    /// written now. It is said once.
    pub fn continue_due(&mut self) -> bool {
        let due = self.expects && self.read == ReadSide::Body && self.write == WriteSide::Head;
        self.expects &= !due;
        due
    }

    /// The answer begins: a final status and the length of its body, if known. `WC_E_STATE` if it
    /// has begun before or there is no request, `WC_E_INVAL` if no answer can have that status.
    pub fn begin(&mut self, status: u16, length: Option<u64>) -> Result<Plan, Status> {
        if self.write != WriteSide::Head || self.read == ReadSide::Head {
            return Err(Status::STATE);
        }
        let tunnel = self.method == Method::Connect && (200..300).contains(&status);
        if !(200..=599).contains(&status) || tunnel {
            return Err(Status::INVAL);
        }
        let framing = match (status, length) {
            (204 | 304, _) => Framing::Nothing,
            (205, _) => Framing::Length(0),
            (_, Some(length)) => Framing::Length(length),
            (_, None) if self.minor > 0 => Framing::Chunked,
            (_, None) => Framing::Close,
        };
        let empty = matches!(framing, Framing::Nothing | Framing::Length(0));
        let body = !empty && self.method != Method::Head;
        self.keep &= !(framing == Framing::Close && body);
        self.keep &= self.can_discard();
        self.turn_write(WriteInput::Head);
        let persistence = match (self.keep, self.minor) {
            (false, _) => Persistence::Close,
            (true, 0) => Persistence::KeepAlive,
            (true, _) => Persistence::Implied,
        };
        Ok(Plan { framing, persistence, body })
    }

    /// The answer was written to its end.
    pub fn end(&mut self) -> Result<(), Status> {
        if self.write != WriteSide::Body {
            return Err(Status::STATE);
        }
        self.turn_write(WriteInput::End);
        Ok(())
    }

    /// The answer is given up.
    pub fn abort(&mut self) -> Result<(), Status> {
        if !matches!(self.write, WriteSide::Head | WriteSide::Body) {
            return Err(Status::STATE);
        }
        self.keep = false;
        self.turn_write(WriteInput::Abort);
        Ok(())
    }

    /// 101 is answered. `WC_E_STATE` unless an HTTP/1.1 request is complete and not answered yet.
    pub fn switch(&mut self) -> Result<(), Status> {
        if self.read != ReadSide::Done || self.write != WriteSide::Head || self.minor == 0 {
            return Err(Status::STATE);
        }
        self.turn_read(ReadInput::Switch);
        self.turn_write(WriteInput::Switch);
        Ok(())
    }

    /// The joint rule: what the two sides together allow. After `Again` both wait for the next
    /// request.
    #[allow(clippy::should_implement_trait)]
    pub fn next(&mut self) -> Next {
        match (self.read, self.write, self.keep) {
            (ReadSide::Done, WriteSide::Done, true) => {
                self.turn_read(ReadInput::Again);
                self.turn_write(WriteInput::Again);
                // A head that fails is answered before anything is known of it.
                (self.method, self.minor, self.discarded) = (Method::Other, 1, 0);
                Next::Again
            }
            (ReadSide::Upgraded, WriteSide::Upgraded, _) => Next::Upgraded,
            // The last two lines cannot come: Broken is never kept, and both sides switch together.
            (_, WriteSide::Broken, _)
            | (ReadSide::Upgraded | ReadSide::Broken, WriteSide::Done, true)
            | (_, WriteSide::Upgraded, _) => Next::Abort,
            (_, WriteSide::Done, false) => Next::Close,
            (ReadSide::Head, WriteSide::Head, false) => Next::Close,
            (_, WriteSide::Head | WriteSide::Body, _)
            | (ReadSide::Head | ReadSide::Body, WriteSide::Done, true) => Next::Wait,
        }
    }

    /// Whether what is left of the request can be read and dropped. A client that still waits for
    /// 100 may send the body or not, so nobody could say where the next request begins.
    fn can_discard(&self) -> bool {
        match self.read {
            ReadSide::Body if self.left == u64::MAX => !self.expects,
            ReadSide::Body => !self.expects && self.left <= limits::HTTP_DISCARD,
            _ => true,
        }
    }

    fn turn_read(&mut self, input: ReadInput) {
        let next = self.read.next(input);
        debug_assert!(next.is_some(), "{input:?} at {:?}", self.read);
        self.read = next.unwrap_or(ReadSide::Broken);
    }

    fn turn_write(&mut self, input: WriteInput) {
        let next = self.write.next(input);
        debug_assert!(next.is_some(), "{input:?} at {:?}", self.write);
        self.write = next.unwrap_or(WriteSide::Broken);
    }
}
