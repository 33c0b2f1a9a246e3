//! The signals that stop or reload a process that stays, as something to poll.

use std::io;
use std::mem::{MaybeUninit, size_of};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::ptr;

/// What a signal asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// SIGTERM, SIGINT or SIGUSR1.
    Stop,
    /// SIGHUP.
    Reload,
}

/// The signals that a responder listens to, as something to poll.
#[derive(Debug)]
pub struct Signals {
    descriptor: OwnedFd,
}

impl Signals {
    /// Blocks the signals for this thread and those that it starts later, and collects them. To be
    /// called before the process has further threads.
    ///
    /// # Errors
    /// What the kernel says.
    pub fn collect() -> io::Result<Self> {
        let mut set = MaybeUninit::<libc::sigset_t>::uninit();
        // SAFETY: sigemptyset initialises `set`, which the other calls only then read or change;
        // it outlives all of them, and null is allowed for the mask that was in force.
        let descriptor = unsafe {
            libc::sigemptyset(set.as_mut_ptr());
            for signal in [libc::SIGTERM, libc::SIGINT, libc::SIGUSR1, libc::SIGHUP] {
                libc::sigaddset(set.as_mut_ptr(), signal);
            }
            let error = libc::pthread_sigmask(libc::SIG_BLOCK, set.as_ptr(), ptr::null_mut());
            if error != 0 {
                return Err(io::Error::from_raw_os_error(error));
            }
            libc::signalfd(-1, set.as_ptr(), libc::SFD_NONBLOCK | libc::SFD_CLOEXEC)
        };
        if descriptor < 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: the kernel has just made it for us, and nobody else knows its number.
        Ok(Self { descriptor: unsafe { OwnedFd::from_raw_fd(descriptor) } })
    }

    /// The next signal that has arrived; `None` when there is no further one.
    pub fn receive(&mut self) -> Option<Signal> {
        let mut info = MaybeUninit::<libc::signalfd_siginfo>::uninit();
        let size = size_of::<libc::signalfd_siginfo>();
        // SAFETY: `info` has room for the `size` bytes that are written at most.
        let read =
            unsafe { libc::read(self.descriptor.as_raw_fd(), info.as_mut_ptr().cast(), size) };
        if usize::try_from(read) != Ok(size) {
            return None;
        }
        // SAFETY: the kernel has filled all of it in.
        let number = unsafe { info.assume_init() }.ssi_signo;
        Some(if libc::c_int::try_from(number) == Ok(libc::SIGHUP) {
            Signal::Reload
        } else {
            Signal::Stop
        })
    }
}

impl AsRawFd for Signals {
    fn as_raw_fd(&self) -> RawFd {
        self.descriptor.as_raw_fd()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signals_are_collected_in_the_thread_that_blocks_them() {
        let mut signals = Signals::collect().unwrap();
        assert_eq!(signals.receive(), None);
        let cases = [
            (libc::SIGUSR1, Signal::Stop),
            (libc::SIGTERM, Signal::Stop),
            (libc::SIGINT, Signal::Stop),
            (libc::SIGHUP, Signal::Reload),
        ];
        for (number, meaning) in cases {
            // SAFETY: raise() directs the signal to this thread, where it is blocked.
            assert_eq!(unsafe { libc::raise(number) }, 0);
            assert_eq!(signals.receive(), Some(meaning));
        }
        assert_eq!(signals.receive(), None);
    }
}
