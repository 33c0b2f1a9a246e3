//! The system's robust mutex in shared memory: a lock that dies with its holder.
//!
//! Its bytes may be garbage like all others of the file, and the system trusts them. So what says of
//! which kind it is is compared with that of a mutex of our own before the system sees it, and nobody
//! waits for longer than `LONGEST_WAIT`.

use std::mem::MaybeUninit;
use std::ops::Range;
use std::path::Path;
use std::time::{Duration, Instant, SystemTime};

use super::trouble::Trouble;

/// How long a living process may hold a shard before others give up, however patient they are. An operation
/// takes microseconds; who holds one for longer was stopped. Fuzzers do not wait for anybody.
const LONGEST_WAIT: Duration = Duration::from_millis(if cfg!(fuzzing) { 0 } else { 500 });

/// How often a mutex that nobody holds is tried before it is taken for garbage.
const ATTEMPTS: u32 = 1000;

/// How long to try before going to sleep; shorter than it takes to be woken.
const SPIN: Duration = Duration::from_micros(20);

/// The bytes that say of which kind a mutex is and never change.
#[cfg(all(target_env = "gnu", target_pointer_width = "64"))]
const KIND: Range<usize> = 16..20;
#[cfg(target_env = "musl")]
const KIND: Range<usize> = 0..4;

/// The bytes that name the thread that holds it.
#[cfg(all(target_env = "gnu", target_pointer_width = "64"))]
pub(super) const HOLDER: Range<usize> = 0..4;
#[cfg(target_env = "musl")]
pub(super) const HOLDER: Range<usize> = 4..8;

/// The bits of those bytes that are the thread's number; the kernel's words for robust locks.
const HOLDER_BITS: u32 = 0x3fff_ffff;

/// A mutex in shared memory.
#[derive(Clone, Copy)]
pub(super) struct Mutex(*mut libc::pthread_mutex_t);

/// How a mutex was come by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Acquired {
    /// It was free.
    Free,
    /// Its holder died with it.
    Inherited,
}

impl Mutex {
    /// A mutex at an address.
    ///
    /// # Safety
    /// There must be room for one, aligned for words, for as long as the value is used; nobody must
    /// access it but by this type.
    pub(super) unsafe fn at(address: *mut libc::c_void) -> Self {
        Self(address.cast())
    }

    /// Makes a free mutex there, about which nobody else must know yet; whether the kernel frees it when its
    /// holder dies. Musl asks the kernel for that (get_robust_list), which filters of system calls may refuse.
    pub(super) fn make(self) -> bool {
        let mut attributes = MaybeUninit::<libc::pthread_mutexattr_t>::uninit();
        let attributes = attributes.as_mut_ptr();
        // SAFETY: the attributes are initialised by the first call and destroyed by the last. The
        // mutex has room by the contract of `at`. With these values only the call for robustness can
        // fail, in musl and glibc; the attributes are valid then, too.
        unsafe {
            libc::pthread_mutexattr_init(attributes);
            libc::pthread_mutexattr_settype(attributes, libc::PTHREAD_MUTEX_ERRORCHECK);
            libc::pthread_mutexattr_setpshared(attributes, libc::PTHREAD_PROCESS_SHARED);
            let refused = libc::pthread_mutexattr_setrobust(attributes, libc::PTHREAD_MUTEX_ROBUST);
            libc::pthread_mutex_init(self.0, attributes);
            libc::pthread_mutexattr_destroy(attributes);
            refused == 0
        }
    }

    /// Waits for the mutex, but no longer than this, and not for ever.
    pub(super) fn lock(self, patience: Duration) -> Result<Acquired, Trouble> {
        if self.bytes(KIND) != kind() {
            return Err(Trouble::Broken("a mutex is of another kind"));
        }
        // SAFETY: it is a mutex of the kind that we make, by the contract of `at` and the check.
        let mut code = unsafe { libc::pthread_mutex_trylock(self.0) };
        if code == libc::EBUSY {
            code = self.lock_within(patience.min(LONGEST_WAIT));
        }
        match code {
            0 => Ok(Acquired::Free),
            libc::EOWNERDEAD => Ok(Acquired::Inherited),
            libc::ETIMEDOUT if patience >= LONGEST_WAIT => self.judge(),
            libc::ETIMEDOUT => Err(Trouble::Busy),
            libc::ENOTRECOVERABLE => Err(Trouble::Broken("a mutex was given up")),
            _ => Err(Trouble::Broken("a mutex is in disorder")),
        }
    }

    /// Says of a mutex that could not be had for long whether a thread holds it, or its bytes are garbage. One that
    /// nobody holds can be had: its holder may just have let go.
    fn judge(self) -> Result<Acquired, Trouble> {
        for _ in 0..ATTEMPTS {
            match self.holder() {
                0 => {}
                holder if exists(holder) => return Err(Trouble::Busy),
                // The kernel would have told if it had died, so that the bytes were never written by one.
                _ => return Err(Trouble::Broken("a mutex is held by nobody")),
            }
            // SAFETY: as in `lock`.
            match unsafe { libc::pthread_mutex_trylock(self.0) } {
                0 => return Ok(Acquired::Free),
                libc::EOWNERDEAD => return Ok(Acquired::Inherited),
                libc::EBUSY => std::hint::spin_loop(),
                _ => return Err(Trouble::Broken("a mutex is in disorder")),
            }
        }
        Err(Trouble::Broken("a mutex is held by nobody"))
    }

    fn lock_within(self, patience: Duration) -> i32 {
        let started = Instant::now();
        while started.elapsed() < SPIN {
            std::hint::spin_loop();
            // SAFETY: as in `lock`.
            let code = unsafe { libc::pthread_mutex_trylock(self.0) };
            if code != libc::EBUSY {
                return code;
            }
        }
        if patience.is_zero() {
            return libc::ETIMEDOUT;
        }
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let until = now + patience;
        let until = libc::timespec {
            tv_sec: until.as_secs().try_into().unwrap_or_default(),
            tv_nsec: libc::c_long::from(until.subsec_nanos().cast_signed()),
        };
        // SAFETY: as in `lock`; the time is valid.
        unsafe { libc::pthread_mutex_timedlock(self.0, &raw const until) }
    }

    /// Says that what a dead holder left behind is in order again.
    pub(super) fn restore(self) {
        // SAFETY: this thread has just inherited the mutex.
        unsafe { libc::pthread_mutex_consistent(self.0) };
    }

    /// Gives the mutex back.
    pub(super) fn unlock(self) {
        // SAFETY: this thread holds it, and has held no other since.
        unsafe { libc::pthread_mutex_unlock(self.0) };
    }

    /// The number of the thread that is said to hold it; 0: none.
    fn holder(self) -> u32 {
        u32::from_ne_bytes(self.bytes(HOLDER)) & HOLDER_BITS
    }

    fn bytes(self, range: Range<usize>) -> [u8; 4] {
        // SAFETY: the four bytes are within the mutex, aligned for an integer, and an atomic may be
        // read while others write it.
        let word = unsafe { &*self.0.cast::<std::sync::atomic::AtomicU32>().add(range.start / 4) };
        word.load(std::sync::atomic::Ordering::Relaxed).to_ne_bytes()
    }
}

/// Whether there is a thread of that number, as far as can be seen.
fn exists(thread: u32) -> bool {
    Path::new(&format!("/proc/{thread}")).exists() || !Path::new("/proc/self").exists()
}

/// What the kind of each of our mutexes is.
pub(super) fn kind() -> [u8; 4] {
    static KIND_OF_OURS: std::sync::OnceLock<[u8; 4]> = std::sync::OnceLock::new();
    *KIND_OF_OURS.get_or_init(|| {
        let mut example = MaybeUninit::<libc::pthread_mutex_t>::zeroed();
        // SAFETY: the example is as large and as aligned as a mutex, and nobody else knows it.
        let example = unsafe { Mutex::at(example.as_mut_ptr().cast()) };
        if !example.make() {
            crate::warning!(
                "this system frees no lock of a process that dies: when one dies in the middle of an announce, the \
                 peer store is recreated; set kind = \"sqlite\" in [store], or allow the system call get_robust_list"
            );
        }
        example.bytes(KIND)
    })
}

/// Whether a bit of a mutex is one of its holder's number.
#[cfg(test)]
pub(super) fn names_a_holder(bit: usize) -> bool {
    let start = HOLDER.start * 8;
    (start..start + HOLDER_BITS.count_ones() as usize).contains(&bit)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::AtomicU64;

    type Room = [AtomicU64; super::super::layout::shard::MUTEX_WORDS];

    fn mutex_in(room: &Room) -> Mutex {
        // SAFETY: the room is large enough and aligned, and outlives the mutex in each test.
        unsafe { Mutex::at(room.as_ptr().cast_mut().cast()) }
    }

    /// A mutex crosses to other threads only in this test, where processes would share it.
    struct Shared(Mutex);
    // SAFETY: that is what the mutex is for.
    unsafe impl Send for Shared {}

    #[test]
    fn a_thread_that_ends_with_the_mutex_leaves_it_to_the_next() {
        let room = Room::default();
        let mutex = mutex_in(&room);
        assert!(mutex.make());
        assert_eq!(mutex.lock(LONGEST_WAIT).unwrap(), Acquired::Free);
        mutex.unlock();
        let shared = Shared(mutex);
        let taken = std::thread::spawn(move || {
            let shared = shared;
            shared.0.lock(LONGEST_WAIT).unwrap()
        });
        assert_eq!(taken.join().unwrap(), Acquired::Free);
        assert_eq!(mutex.lock(LONGEST_WAIT).unwrap(), Acquired::Inherited);
        mutex.restore();
        mutex.unlock();
        assert_eq!(mutex.lock(LONGEST_WAIT).unwrap(), Acquired::Free);
        mutex.unlock();
    }

    #[test]
    fn garbage_is_no_mutex_and_no_waiting_for_ever() {
        let room = Room::default();
        let mutex = mutex_in(&room);
        assert!(matches!(mutex.lock(LONGEST_WAIT), Err(Trouble::Broken(_))), "nobody has made it");
        for (number, word) in room.iter().enumerate() {
            for bit in 0..64 {
                assert!(mutex.make());
                word.fetch_xor(1 << bit, std::sync::atomic::Ordering::Relaxed);
                if names_a_holder(number * 64 + bit) {
                    // A holder that does not exist, or that is not us: tried once below.
                    continue;
                }
                match mutex.lock(LONGEST_WAIT) {
                    Ok(Acquired::Inherited) => {
                        mutex.restore();
                        mutex.unlock();
                    }
                    Ok(Acquired::Free) => mutex.unlock(),
                    Err(Trouble::Broken(_)) => {}
                    Err(other) => panic!("{other:?}"),
                }
            }
        }
        assert!(mutex.make());
        let holder = &room[HOLDER.start / 8];
        holder
            .fetch_or(0x3fff_fff0 << (HOLDER.start % 8 * 8), std::sync::atomic::Ordering::Relaxed);
        let held_by_nobody = mutex.lock(LONGEST_WAIT);
        assert!(matches!(held_by_nobody, Err(Trouble::Broken(_))), "{held_by_nobody:?}");
    }
}
