//! Sockets that the service manager has bound for this process (sd_listen_fds(3)): a restart refuses no connection, and a
//! port below 1024 needs no privilege.
//!
//! A socket serves the listener that has its name: `https`, `http` or `admin`. What has another name, a name twice, or
//! is no listening TCP socket, is an error.

use std::io;
use std::net::TcpListener;

use listenfd::ListenFd;

use super::bound::Bound;

/// The sockets of this process that no listener has taken yet.
#[derive(Default)]
pub struct Inherited(Vec<(String, TcpListener)>);

/// Why the sockets cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum InheritedError {
    /// A socket is for no listener.
    #[error(
        "the service manager hands over a socket with the name `{0}`, and no enabled listener has it; write \
         FileDescriptorName=https, http or admin in its unit, and enable [transport.https] or [transport.http]"
    )]
    Unknown(String),
    /// Two sockets have one name.
    #[error("the service manager hands over two sockets with the name `{0}`; a listener has one address")]
    Twice(String),
    /// It is no listening TCP socket.
    #[error(
        "the socket `{name}` of the service manager cannot be used: {error}; write ListenStream=ADDRESS:PORT in its unit"
    )]
    Unusable {
        /// Its name.
        name: String,
        /// What the system says.
        error: io::Error,
    },
}

impl Inherited {
    /// Takes the sockets of this process. The environment no longer names them then, so that no child takes them for its
    /// own: call it before there are threads.
    ///
    /// # Errors
    /// [`InheritedError`] names the socket.
    pub fn of_process() -> Result<Self, InheritedError> {
        let names = std::env::var("LISTEN_FDNAMES").unwrap_or_default();
        let mut found = ListenFd::from_env();
        let names = names.split(':').map(str::to_owned).chain(std::iter::repeat_with(|| "unknown".to_owned()));
        let mut sockets: Vec<(String, TcpListener)> = Vec::new();
        for (index, name) in (0..found.len()).zip(names) {
            if sockets.iter().any(|(other, _)| *other == name) {
                return Err(InheritedError::Twice(name));
            }
            match found.take_tcp_listener(index) {
                Ok(Some(socket)) => sockets.push((name, socket)),
                Ok(None) => {}
                Err(error) => return Err(InheritedError::Unusable { name, error }),
            }
        }
        Ok(Self(sockets))
    }

    /// The socket of the listener with this name.
    ///
    /// # Errors
    /// [`InheritedError::Unusable`] if the system does not know its address.
    pub fn take(&mut self, name: &'static str) -> Result<Option<Bound>, InheritedError> {
        let Some(index) = self.0.iter().position(|(own, _)| own == name) else { return Ok(None) };
        let (_, socket) = self.0.swap_remove(index);
        let bound = Bound::of(socket);
        bound.map(Some).map_err(|error| InheritedError::Unusable { name: name.to_owned(), error })
    }

    /// Ends the taking.
    ///
    /// # Errors
    /// [`InheritedError::Unknown`] if a socket was not taken.
    pub fn finish(mut self) -> Result<(), InheritedError> {
        self.0.pop().map_or(Ok(()), |(name, _)| Err(InheritedError::Unknown(name)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sockets(names: &[&str]) -> Inherited {
        let socket = || TcpListener::bind("127.0.0.1:0").unwrap();
        Inherited(names.iter().map(|name| ((*name).to_owned(), socket())).collect())
    }

    #[test]
    fn a_socket_serves_the_listener_that_has_its_name() {
        let mut inherited = sockets(&["admin", "https"]);
        assert!(inherited.take("http").unwrap().is_none());
        let https = inherited.take("https").unwrap().unwrap();
        assert_ne!(https.address().port(), 0);
        assert!(inherited.take("https").unwrap().is_none());
        inherited.take("admin").unwrap().unwrap();
        assert!(inherited.finish().is_ok());
    }

    #[test]
    fn a_socket_that_no_listener_takes_is_named() {
        let error = sockets(&["dropins.socket"]).finish().unwrap_err();
        assert!(error.to_string().contains("`dropins.socket`") && error.to_string().contains("FileDescriptorName"));
        assert!(Inherited::default().finish().is_ok());
    }
}
