//! For the fuzz target: a conversation on one connection, without a server.

use super::FastCgi;
use crate::gateway::Response;
use crate::gateway::server::{Codec, Event, Limits, Output};

type Sending = Output<<FastCgi as Codec>::Framing>;

const MAX_BODY: usize = 1024;
const LIMITS: Limits = Limits { params: 1024, connections: 3 };

/// What is sent back on a connection on which `pieces` come in, one read after the other. Each request is
/// answered with its body.
#[must_use]
pub fn replies(pieces: &[&[u8]]) -> Vec<u8> {
    let mut connection = FastCgi::new(LIMITS);
    let (mut output, mut sent) = (Sending::default(), Vec::new());
    for piece in pieces {
        let mut rest = *piece;
        while !rest.is_empty() {
            let room = connection.room();
            let length = rest.len().min(room.len());
            assert!(length > 0, "no room although nothing waits");
            room[..length].copy_from_slice(&rest[..length]);
            connection.filled(length);
            rest = &rest[length..];
            if !answer_all(&mut connection, &mut output, &mut sent) {
                return sent;
            }
        }
    }
    sent
}

/// Whether the conversation can go on.
fn answer_all(connection: &mut FastCgi, output: &mut Sending, sent: &mut Vec<u8>) -> bool {
    loop {
        let event = connection.next(output, &mut |_| MAX_BODY);
        drain(output, sent);
        match event {
            Ok(Some(Event::Request)) => {
                let mut response = Response::default();
                response.body = connection.request().1.to_vec();
                connection.reply(&mut response, output);
            }
            Ok(Some(_)) => {}
            Ok(None) => return true,
            Err(_) => return false,
        }
    }
}

fn drain(output: &mut Sending, sent: &mut Vec<u8>) {
    while !output.is_empty() {
        let (first, second) = output.unwritten();
        let length = first.len() + second.len();
        sent.extend_from_slice(first);
        sent.extend_from_slice(second);
        output.wrote(length);
    }
}
