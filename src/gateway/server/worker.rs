//! One thread's event loop: accepts connections and answers what is quick on the spot. Nothing here waits but
//! for the next event.

use std::io::{self, ErrorKind};
use std::os::fd::AsRawFd;
use std::sync::Arc;
use std::time::{Duration, Instant};

use mio::event::Event;
use mio::unix::SourceFd;
use mio::{Events, Interest, Poll, Token, Waker};

use super::acceptor::{Accepted, Acceptor};
use super::codec::Codec;
use super::connection::{Connection, Step};
use super::connections::Connections;
use super::control::Control;
use super::job::{Job, Mailbox, SlowRequest};
use super::options::{Options, ServeError};
use super::pool::{Lane, Pool};
use super::socket::{Listener, Socket};
use crate::gateway::guarded::Guarded;
use crate::gateway::{Answer, Handler, Rejection, Request, Response};
use crate::platform::signals::{Signal, Signals};

const WAKER: Token = Token(0);
const LISTENER: Token = Token(1);
const SIGNALS: Token = Token(2);
/// Connections have their number after these.
const FIRST_CONNECTION: usize = 3;

/// Events taken from the kernel at once.
const EVENTS: usize = 256;
/// Connections accepted before those that are there get their turn.
const ACCEPTS_A_ROUND: usize = 64;
/// How often connections are looked through for expired ones.
const SWEEP: Duration = Duration::from_secs(1);
/// Bytes of large replies that web servers have yet to read, at most; all workers together.
const MOST_UNREAD: usize = 16 * 1024 * 1024;

/// What the workers of a responder share.
pub(super) struct Shared<H> {
    pub(super) options: Arc<Options>,
    pub(super) control: Arc<Control>,
    pub(super) pool: Arc<Pool<H>>,
}

impl<H> Shared<H> {
    /// The same for another worker.
    pub(super) fn share(&self) -> Self {
        Self {
            options: Arc::clone(&self.options),
            control: Arc::clone(&self.control),
            pool: Arc::clone(&self.pool),
        }
    }
}

/// The loop and all that it owns.
pub(super) struct Worker<'a, C: Codec, H> {
    shared: &'a Shared<H>,
    handler: Guarded<'a, H>,
    response: Response,
    poll: Poll,
    signals: Option<Signals>,
    mailbox: Arc<Mailbox>,
    acceptor: Acceptor,
    connections: Connections<C>,
    /// Connections at once at most.
    most: usize,
    next_ticket: u64,
    /// Whether something was answered in this round.
    answered: bool,
    next_sweep: Instant,
    now: Instant,
}

impl<'a, C: Codec, H: Handler + 'static> Worker<'a, C, H> {
    /// Makes everything ready to run on this thread.
    pub(super) fn new(
        shared: &'a Shared<H>,
        mut listener: Listener,
        signals: Option<Signals>,
    ) -> Result<Self, ServeError> {
        let poll = Poll::new().map_err(ServeError::Events)?;
        let registry = poll.registry();
        let waker = Arc::new(Waker::new(registry, WAKER).map_err(ServeError::Events)?);
        shared.control.add_waker(Arc::clone(&waker));
        registry
            .register(listener.source(), LISTENER, Interest::READABLE)
            .map_err(ServeError::Listening)?;
        if let Some(signals) = &signals {
            registry
                .register(&mut SourceFd(&signals.as_raw_fd()), SIGNALS, Interest::READABLE)
                .map_err(ServeError::Signals)?;
        }
        let now = Instant::now();
        let options = &shared.options;
        Ok(Self {
            shared,
            handler: shared.pool.new_handler(),
            response: Response::default(),
            poll,
            signals,
            mailbox: Arc::new(Mailbox::new(waker)),
            acceptor: Acceptor::new(listener, options.web_servers.clone()),
            connections: Connections::new(options.limits),
            most: (options.limits.connections / options.workers.max(1)).max(1),
            next_ticket: 0,
            answered: false,
            next_sweep: now,
            now,
        })
    }

    /// Runs until told to stop, and what was in flight has ended or has had its time.
    pub(super) fn run(&mut self) -> Result<(), ServeError> {
        let mut events = Events::with_capacity(EVENTS);
        loop {
            self.heed_control();
            self.accept();
            if self.acceptor.is_closed()
                && (self.connections.is_empty() || self.now >= self.shared.control.deadline())
            {
                return Ok(());
            }
            self.submit_chores();
            match self.poll.poll(&mut events, self.poll_timeout()) {
                Err(error) if error.kind() != ErrorKind::Interrupted => {
                    return Err(ServeError::Events(error));
                }
                Ok(()) | Err(_) => {}
            }
            self.now = Instant::now();
            for event in &events {
                match event.token() {
                    WAKER => self.take_answers(),
                    LISTENER => self.acceptor.on_ready(),
                    SIGNALS => self.take_signals(),
                    Token(number) => self.on_event(number - FIRST_CONNECTION, event),
                }
            }
            self.close_expired();
        }
    }

    /// How long nothing can happen unless something arrives; `None` for ever.
    fn poll_timeout(&self) -> Option<Duration> {
        if self.connections.len() < self.most
            && let Some(wait) = self.acceptor.next_attempt(self.now)
        {
            return Some(wait);
        }
        if self.connections.is_empty() {
            return None;
        }
        let sweep = self.next_sweep.saturating_duration_since(self.now);
        if !self.shared.control.is_stopping() {
            return Some(sweep);
        }
        Some(sweep.min(self.shared.control.deadline().saturating_duration_since(self.now)))
    }

    fn take_signals(&mut self) {
        while let Some(signal) = self.signals.as_mut().and_then(Signals::receive) {
            match signal {
                Signal::Stop => self.shared.control.stop(),
                Signal::Reload => self.shared.control.reload(),
            }
        }
    }

    /// Does what the control asks for.
    fn heed_control(&mut self) {
        if self.shared.control.take_reload() {
            // Refused only where no thread can be had, which the log tells.
            let _ = self.shared.pool.submit(Lane::Work, Job::Reload);
        }
        if self.shared.control.is_stopping() && !self.acceptor.is_closed() {
            // Those who have connected already are still let in.
            self.acceptor.on_ready();
            self.accept();
            self.acceptor.close();
            self.connections.close_where(Connection::is_idle);
        }
    }

    fn accept(&mut self) {
        for _ in 0..ACCEPTS_A_ROUND {
            if self.connections.len() >= self.most {
                return;
            }
            match self.acceptor.accept(self.now) {
                Accepted::Socket(socket) => self.admit(socket),
                Accepted::Lost => {}
                Accepted::Nobody => return,
            }
        }
    }

    /// A new connection is read at once: mostly the request is there already, and the connection
    /// answered and closed before the kernel ever watches it.
    fn admit(&mut self, socket: Socket) {
        let number = self.connections.open(socket, self.now);
        self.drive(number);
    }

    fn on_event(&mut self, number: usize, event: &Event) {
        let ended = event.is_read_closed() || event.is_error();
        if let Some(connection) = self.connections.get_mut(number)
            && (event.is_readable() || ended)
        {
            connection.on_readable(ended);
        }
        self.drive(number);
    }

    /// Takes a connection as far as it goes.
    fn drive(&mut self, number: usize) {
        loop {
            let Some(connection) = self.connections.get_mut(number) else { return };
            let handler = &mut self.handler;
            match connection.advance(self.now, &mut |request| handler.body_limit(request)) {
                Step::Request => self.answer(number),
                Step::Rejected(rejection) => self.reject(number, rejection),
                Step::Wait => break,
                Step::Closed => return self.connections.close(number),
            }
        }
        if let Err(error) = self.watch(number) {
            crate::error!("connection closed, cannot wait for it: {error}");
            self.connections.close(number);
        }
    }

    fn answer(&mut self, number: usize) {
        let Some(connection) = self.connections.get_mut(number) else { return };
        let (variables, body) = connection.request();
        let request = Request::new(&variables, body);
        let answer = self.handler.answer(&request, &mut self.response);
        drop(variables);
        match answer {
            Answer::Ready => connection.reply(&mut self.response, self.now),
            Answer::Later => return self.answer_later(number, Lane::Work),
            Answer::WouldWait => return self.answer_later(number, Lane::Wait),
        }
        self.answered = true;
        self.bound_unread(number);
    }

    /// Answers before the request is whole.
    fn reject(&mut self, number: usize, rejection: Rejection) {
        let Some(connection) = self.connections.get_mut(number) else { return };
        let (variables, _) = connection.request();
        self.handler.reject(&Request::new(&variables, &[]), rejection, &mut self.response);
        drop(variables);
        connection.reply(&mut self.response, self.now);
    }

    fn answer_later(&mut self, number: usize, lane: Lane) {
        let Some(connection) = self.connections.get_mut(number) else { return };
        let ticket = self.next_ticket;
        self.next_ticket += 1;
        let request = connection.defer(ticket);
        let reply_to = Arc::clone(&self.mailbox);
        let job = Job::Answer(SlowRequest { request, number, ticket, reply_to });
        if self.shared.pool.submit(lane, job).is_err() {
            let (variables, _) = connection.request();
            self.handler.refuse(&Request::new(&variables, &[]), &mut self.response);
            drop(variables);
            connection.reply(&mut self.response, self.now);
        }
    }

    /// Hands on what the pool has answered.
    fn take_answers(&mut self) {
        for mut reply in self.mailbox.take() {
            let Some(connection) = self.connections.get_mut(reply.number) else { continue };
            if connection.awaits(reply.ticket) {
                connection.reply(&mut reply.response, self.now);
                self.bound_unread(reply.number);
                self.drive(reply.number);
            }
        }
    }

    fn bound_unread(&mut self, newest: usize) {
        let most = MOST_UNREAD / self.shared.options.workers.max(1);
        self.connections.bound_unread(newest, most);
    }

    /// Has the kernel watch what a connection waits for now.
    fn watch(&mut self, number: usize) -> io::Result<()> {
        let stopping = self.acceptor.is_closed();
        let Some(connection) = self.connections.get_mut(number) else { return Ok(()) };
        if stopping && connection.is_idle() {
            self.connections.close(number);
            return Ok(());
        }
        connection.watch(self.poll.registry(), Token(number + FIRST_CONNECTION))
    }

    fn close_expired(&mut self) {
        if self.now < self.next_sweep {
            return;
        }
        let timeout = self.shared.options.timeout;
        self.next_sweep = self.now + SWEEP.min(timeout / 4);
        let now = self.now;
        self.connections.close_where(|connection| connection.has_expired(now, timeout));
    }

    fn submit_chores(&mut self) {
        if std::mem::take(&mut self.answered) {
            for chore in self.handler.chores_due() {
                // Refused only where no thread can be had, which the log tells.
                let _ = self.shared.pool.submit(Lane::Work, Job::Chore(chore));
            }
        }
    }
}
