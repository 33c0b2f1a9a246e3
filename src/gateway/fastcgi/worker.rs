//! One thread's event loop: accepts connections and answers what is quick on the spot.

use std::collections::HashMap;
use std::io::{self, ErrorKind};
use std::os::fd::AsRawFd;
use std::sync::Arc;
use std::time::{Duration, Instant};

use mio::unix::SourceFd;
use mio::{Events, Interest, Poll, Token, Waker};

use super::client::{Buffers, Client, Step};
use super::connection::Limits;
use super::pool::{Job, Mailbox, SlowRequest};
use super::server::{ServeError, Server};
use super::slots::Slots;
use super::socket::{AcceptFailure, Listener, Socket, accept_failure};
use crate::gateway::guarded::Guarded;
use crate::gateway::{Answer, Handler, Refusal, Request, Response};
use crate::platform::system::{Signal, Signals};

const WAKER: Token = Token(0);
const LISTENER: Token = Token(1);
const SIGNALS: Token = Token(2);
/// Connections have their slot's number after these.
const FIRST_CLIENT: usize = 3;

/// Events taken from the kernel at once.
const EVENTS: usize = 256;
/// Connections accepted before those that are there get their turn.
const ACCEPTS_A_ROUND: usize = 64;
/// How long to wait for descriptors to become free.
const ACCEPT_PAUSE: Duration = Duration::from_millis(200);
/// How often connections are looked through for expired ones.
const SWEEP: Duration = Duration::from_secs(1);
/// Bytes of large replies that web servers have yet to read, at most; all workers together.
const MOST_UNREAD: usize = 16 * 1024 * 1024;
/// Connections whose memory is kept for the next ones.
const SPARES: usize = 64;

/// The loop and all that it owns.
pub(super) struct Worker<'a, F, H> {
    server: &'a Arc<Server<F>>,
    handler: Guarded<'a, H>,
    response: Response,
    poll: Poll,
    signals: Option<Signals>,
    mailbox: Arc<Mailbox>,
    door: Door,
    clients: Slots<Client>,
    spares: Vec<Buffers>,
    next_ticket: u64,
    reloads: u64,
    /// Whether something was answered in this round.
    answered: bool,
    next_sweep: Instant,
    now: Instant,
}

/// The socket that listens, while it does.
struct Door {
    listener: Option<Listener>,
    /// Somebody may be waiting.
    ready: bool,
    /// Not before this.
    paused_until: Option<Instant>,
    /// Connections at once at most.
    most: usize,
}

impl<'a, F, H> Worker<'a, F, H>
where
    F: Fn() -> H + Send + Sync + 'static,
    H: Handler,
{
    /// Makes everything ready to run on this thread.
    pub(super) fn new(
        server: &'a Arc<Server<F>>,
        make_handler: &'a dyn Fn() -> H,
        mut listener: Listener,
        signals: Option<Signals>,
    ) -> Result<Self, ServeError> {
        let poll = Poll::new().map_err(ServeError::Events)?;
        let registry = poll.registry();
        let waker = Arc::new(Waker::new(registry, WAKER).map_err(ServeError::Events)?);
        server.control.tell(Arc::clone(&waker));
        // Counted before the handler looks at its configuration, so that no reload is lost between.
        let reloads = server.control.reloads();
        registry
            .register(listener.source(), LISTENER, Interest::READABLE)
            .map_err(ServeError::Listening)?;
        if let Some(signals) = &signals {
            registry
                .register(&mut SourceFd(&signals.as_raw_fd()), SIGNALS, Interest::READABLE)
                .map_err(ServeError::Signals)?;
        }
        let now = Instant::now();
        let most = (server.options.max_connections / server.options.workers.max(1)).max(1);
        Ok(Self {
            server,
            handler: Guarded::new(make_handler),
            response: Response::default(),
            poll,
            signals,
            mailbox: Arc::new(Mailbox::new(waker)),
            door: Door { listener: Some(listener), ready: true, paused_until: None, most },
            clients: Slots::default(),
            spares: Vec::new(),
            next_ticket: 0,
            reloads,
            answered: false,
            next_sweep: now,
            now,
        })
    }

    /// Runs until told to stop, and what was in flight has ended or has had its time.
    pub(super) fn run(&mut self) -> Result<(), ServeError> {
        let mut events = Events::with_capacity(EVENTS);
        loop {
            self.obey();
            self.accept();
            if self.door.listener.is_none()
                && (self.clients.is_empty() || self.now >= self.server.control.deadline())
            {
                return Ok(());
            }
            self.look_for_chores();
            match self.poll.poll(&mut events, self.patience()) {
                Err(error) if error.kind() != ErrorKind::Interrupted => {
                    return Err(ServeError::Events(error));
                }
                Ok(()) | Err(_) => {}
            }
            self.now = Instant::now();
            for event in &events {
                match event.token() {
                    WAKER => self.take_answers(),
                    LISTENER => self.door.ready = true,
                    SIGNALS => self.take_signals(),
                    Token(number) => {
                        let slot = number - FIRST_CLIENT;
                        if let Some(client) = self.clients.get_mut(slot)
                            && (event.is_readable() || event.is_read_closed() || event.is_error())
                        {
                            client.on_readable(event.is_read_closed() || event.is_error());
                        }
                        self.drive(slot);
                    }
                }
            }
            self.sweep();
        }
    }

    /// How long nothing can happen unless something arrives; `None` for ever.
    fn patience(&self) -> Option<Duration> {
        if self.door.listener.is_some() && self.door.ready && self.clients.len() < self.door.most {
            let pause = self.door.paused_until;
            return Some(pause.map_or(Duration::ZERO, |until| until.duration_since(self.now)));
        }
        if self.clients.is_empty() {
            return None;
        }
        let sweep = self.next_sweep.saturating_duration_since(self.now);
        if !self.server.control.is_stopping() {
            return Some(sweep);
        }
        Some(sweep.min(self.server.control.deadline().saturating_duration_since(self.now)))
    }

    fn take_signals(&mut self) {
        while let Some(signal) = self.signals.as_mut().and_then(Signals::receive) {
            match signal {
                Signal::Stop => self.server.control.stop(),
                Signal::Reload => self.server.control.reload(),
            }
        }
    }

    /// Does what the control asks for.
    fn obey(&mut self) {
        let reloads = self.server.control.reloads();
        if reloads != self.reloads {
            self.reloads = reloads;
            self.handler.reload();
        }
        if self.server.control.is_stopping() && self.door.listener.is_some() {
            // Those who have connected already are still let in.
            self.door.ready = true;
            self.accept();
            self.door.listener = None;
            self.bury_where(Client::is_idle);
        }
    }

    fn accept(&mut self) {
        if self.door.paused_until.is_some_and(|until| self.now < until) {
            return;
        }
        self.door.paused_until = None;
        for _ in 0..ACCEPTS_A_ROUND {
            let Some(listener) = &self.door.listener else { return };
            if !self.door.ready || self.clients.len() >= self.door.most {
                return;
            }
            match listener.accept() {
                Ok((socket, peer)) if self.server.web_servers.allow(peer) => self.admit(socket),
                Ok((_, peer)) => {
                    crate::warning!("connection refused: {peer:?} is no web server of ours");
                }
                Err(error) => match accept_failure(&error) {
                    AcceptFailure::Nobody => self.door.ready = false,
                    AcceptFailure::Connection => {}
                    AcceptFailure::Process => {
                        crate::error!("cannot accept connections, pausing: {error}");
                        self.door.paused_until = Some(self.now + ACCEPT_PAUSE);
                        return;
                    }
                },
            }
        }
    }

    /// A new connection is read at once: mostly the request is there already, and the connection
    /// over before the kernel has to watch it.
    fn admit(&mut self, socket: Socket) {
        let options = &self.server.options;
        let limits = Limits {
            params: options.max_params,
            body: options.max_body,
            connections: options.max_connections,
        };
        let buffers = self.spares.pop().unwrap_or_else(|| Buffers::new(limits));
        let slot = self.clients.insert(Client::new(socket, buffers, self.now));
        self.drive(slot);
    }

    /// Takes a connection as far as it goes.
    fn drive(&mut self, slot: usize) {
        loop {
            let Some(client) = self.clients.get_mut(slot) else { return };
            let handler = &mut self.handler;
            match client.advance(self.now, &mut |request| handler.wants_body(request)) {
                Step::Request => self.answer(slot),
                Step::Wait => break,
                Step::Over => return self.bury(slot),
            }
        }
        if let Err(error) = self.watch(slot) {
            crate::error!("connection closed, cannot wait for it: {error}");
            self.bury(slot);
        }
    }

    fn answer(&mut self, slot: usize) {
        let Some(client) = self.clients.get_mut(slot) else { return };
        let (params, body) = client.request();
        let request = Request::new(&params, body);
        if self.handler.answer(&request, &mut self.response) == Answer::Later {
            return self.answer_later(slot);
        }
        client.reply(&mut self.response, self.now);
        self.answered = true;
        self.bound_unread(slot);
    }

    fn answer_later(&mut self, slot: usize) {
        let Some(client) = self.clients.get_mut(slot) else { return };
        let ticket = self.next_ticket;
        self.next_ticket += 1;
        let request = client.defer(ticket);
        let reply_to = Arc::clone(&self.mailbox);
        if !self.server.submit(Job::Answer(SlowRequest { request, slot, ticket, reply_to })) {
            Refusal::Overloaded.fill(&mut self.response);
            client.reply(&mut self.response, self.now);
        }
    }

    /// Hands on what the pool has answered.
    fn take_answers(&mut self) {
        for mut reply in self.mailbox.take() {
            let Some(client) = self.clients.get_mut(reply.slot) else { continue };
            if client.awaits(reply.ticket) {
                client.reply(&mut reply.response, self.now);
                self.bound_unread(reply.slot);
                self.drive(reply.slot);
            }
        }
    }

    /// After a reply: when large replies that are not read are too many, those go whose readers have taken
    /// nothing for longest. One that many share counts once; the newest stays, whatever its size.
    fn bound_unread(&mut self, newest: usize) {
        let reply_of = |client: &Client| client.unread().map(|(reply, _)| Arc::as_ptr(reply));
        let Some(newest) = self.clients.get_mut(newest).and_then(|client| reply_of(client)) else {
            return;
        };
        let mut unread = HashMap::new();
        for (reply, progress) in self.clients.iter().filter_map(Client::unread) {
            let seen = unread.entry(Arc::as_ptr(reply)).or_insert((reply.len(), progress));
            seen.1 = seen.1.max(progress);
        }
        let most = MOST_UNREAD / self.server.options.workers.max(1);
        let mut bytes: usize = unread.values().map(|(length, _)| length).sum();
        unread.remove(&newest);
        let mut slowest: Vec<_> = unread.into_iter().collect();
        slowest.sort_by_key(|(_, (_, progress))| *progress);
        for (gone, (length, _)) in slowest {
            if bytes <= most {
                return;
            }
            crate::warning!(
                "a reply of {length} bytes was given up: the web server does not read it"
            );
            self.bury_where(|client| reply_of(client) == Some(gone));
            bytes -= length;
        }
    }

    /// Has the kernel watch what a connection waits for now.
    fn watch(&mut self, slot: usize) -> io::Result<()> {
        let stopping = self.door.listener.is_none();
        let Some(client) = self.clients.get_mut(slot) else { return Ok(()) };
        if stopping && client.is_idle() {
            self.bury(slot);
            return Ok(());
        }
        client.watch(self.poll.registry(), Token(slot + FIRST_CLIENT))
    }

    fn sweep(&mut self) {
        if self.now < self.next_sweep {
            return;
        }
        let timeout = self.server.options.timeout;
        self.next_sweep = self.now + SWEEP.min(timeout / 4);
        let now = self.now;
        self.bury_where(|client| client.has_expired(now, timeout));
    }

    fn look_for_chores(&mut self) {
        if std::mem::take(&mut self.answered) && self.handler.chores_due() {
            self.server.submit(Job::Chores);
        }
    }

    /// Closes a connection.
    fn bury(&mut self, slot: usize) {
        if let Some(client) = self.clients.remove(slot) {
            keep_spare(&mut self.spares, client);
        }
    }

    fn bury_where(&mut self, over: impl Fn(&Client) -> bool) {
        let spares = &mut self.spares;
        self.clients.remove_where(over, |client| keep_spare(spares, client));
    }
}

fn keep_spare(spares: &mut Vec<Buffers>, client: Client) {
    let buffers = client.into_buffers();
    if spares.len() < SPARES {
        spares.push(buffers);
    }
}
