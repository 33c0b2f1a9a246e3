//! A worker's connections by number, and the memory of those that have been closed.

use crate::platform::order::Order as _;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

use slab::Slab;

use super::codec::{Codec, Limits};
use super::connection::{Buffers, Connection};
use super::socket::Socket;

/// Connections whose memory is kept for the next ones.
const BUFFERS_KEPT: usize = 64;

/// The connections. A number is used again once its connection is closed: what comes late for one must name
/// more than the number.
pub struct Connections<C: Codec> {
    open: Slab<Connection<C>>,
    free_buffers: Vec<Buffers<C>>,
    limits: Limits,
}

impl<C: Codec> Connections<C> {
    /// None yet, with these limits for each.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self { open: Slab::new(), free_buffers: Vec::new(), limits }
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.open.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.open.is_empty()
    }

    /// Takes a new one in; gives back its number.
    pub fn open(&mut self, socket: Socket, now: Instant) -> usize {
        let buffers = self.free_buffers.pop().unwrap_or_else(|| Buffers::new(self.limits));
        self.open.insert(Connection::new(socket, buffers, now))
    }

    /// The one with a number.
    pub fn get_mut(&mut self, number: usize) -> Option<&mut Connection<C>> {
        self.open.get_mut(number)
    }

    /// Closes one.
    pub fn close(&mut self, number: usize) {
        let Some(connection) = self.open.try_remove(number) else { return };
        let buffers = connection.into_buffers();
        if self.free_buffers.len() < BUFFERS_KEPT {
            self.free_buffers.push(buffers);
        }
    }

    /// Closes those that `is_over` says so of.
    pub fn close_where(&mut self, is_over: impl Fn(&Connection<C>) -> bool) {
        let over = self.open.iter().filter(|(_, connection)| is_over(connection));
        let over: Vec<usize> = over.map(|(number, _)| number).collect();
        over.into_iter().for_each(|number| self.close(number));
    }

    /// After a reply: when large replies that are not read are more than `most` bytes, those go whose readers
    /// have taken nothing for longest. One that many share counts once; the `newest` stays, whatever its size.
    pub fn bound_unread(&mut self, newest: usize, most: usize) {
        let reply_of =
            |connection: &Connection<C>| connection.unread().map(|(reply, _)| Arc::as_ptr(reply));
        let Some(newest) = self.open.get(newest).and_then(reply_of) else { return };
        let mut unread = HashMap::new();
        for (reply, progress) in self.open.iter().filter_map(|(_, one)| one.unread()) {
            let seen = unread.entry(Arc::as_ptr(reply)).or_insert((reply.len(), progress));
            seen.1 = seen.1.max(progress);
        }
        let mut bytes: usize = unread.values().map(|(length, _)| length).sum();
        unread.remove(&newest);
        let mut slowest: Vec<_> = unread.into_iter().collect();
        slowest.order_by_key(|(_, (_, progress))| *progress);
        for (gone, (length, _)) in slowest {
            if bytes <= most {
                return;
            }
            crate::warning!(
                "a reply of {length} bytes was given up: the web server does not read it"
            );
            self.close_where(|connection| reply_of(connection) == Some(gone));
            bytes -= length;
        }
    }
}
