//! Who may administer: passwords, one-time codes, sessions, and how guessing is slowed down.

mod api_token;
mod attempts;
mod authentication;
mod device;
mod form_token;
mod hashing_turn;
mod mail_address;
mod offered_codes;
mod password;
mod password_code;
mod password_hash;
mod permission;
pub mod qr_code;
mod recovery_code;
mod second_step;
mod secrets;
mod session;
mod setup_token;
mod signer;
mod totp;

pub use api_token::{ApiToken, Scope, Scopes, ScopesError};
pub use attempts::{Attempt, Attempts, NotNow};
pub use authentication::{
    Authentication, AuthenticationError, PasswordChange, PasswordCheck, SignIn, SignedIn,
};
pub use device::Device;
pub use form_token::{FormToken, Visit};
pub use hashing_turn::{HashingTurn, HashingTurnError};
pub use mail_address::{MailAddress, MailAddressError};
pub use offered_codes::OfferedCodes;
pub use password::{Password, PasswordError};
pub use password_code::PasswordCode;
pub use password_hash::{NotAPasswordHash, PasswordHash};
pub use permission::Permission;
pub use recovery_code::RecoveryCode;
pub use secrets::{GRACE, Secrets, SecretsError};
pub use session::Session;
pub use setup_token::{SetupToken, SetupTokenError};
pub use signer::{Nonce, Purpose, Signer};
pub use totp::{TotpSecret, TotpStep};
