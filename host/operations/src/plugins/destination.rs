//! Which file of the plug-in folder a new version of a plug-in goes into: that of the old one.
//!
//! A second file of one name would leave a listener without its plug-in. Refused are the files of other plug-ins, and
//! those that are only compared with a live one, the shadows.

/// What there is to choose from.
pub(super) struct Destination<'a> {
    /// The name of the plug-in.
    pub(super) name: &'a str,
    /// The name of the file that it comes in.
    pub(super) given: &'a str,
    /// The component files of the folder, each with the name that its section `dropins:names` says, if any.
    pub(super) folder: Vec<(String, Option<String>)>,
    /// The files that listeners have as their shadows.
    pub(super) shadows: Vec<String>,
    /// The file that the running server has the plug-in from.
    pub(super) live: Option<String>,
}

/// Why there is no file for the plug-in.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum Occupied {
    /// The file holds another plug-in.
    #[error(
        "{file} is in the folder already and holds another plug-in, {holder}; rename the new file, or give --force"
    )]
    Plugin {
        /// The file.
        file: String,
        /// The other plug-in.
        holder: String,
    },
    /// The file is a shadow.
    #[error("{0} is the shadow of a listener; rename the new file, or change `shadow` in that [[event_listener]]")]
    Shadow(String),
}

impl Destination<'_> {
    /// The file; with `force` it may be that of another plug-in.
    pub(super) fn choose(&self, force: bool) -> Result<String, Occupied> {
        if let Some(file) = self.of_the_old_version() {
            return Ok(file.to_owned());
        }
        let usable = self.given.ends_with(".wasm") && !self.given.starts_with('.') && !self.is_shadow(self.given);
        let file = if usable { self.given.to_owned() } else { self.own_file() };
        match self.other_plugin(&file) {
            _ if self.is_shadow(&file) => Err(Occupied::Shadow(file)),
            Some(holder) if !force => Err(Occupied::Plugin { holder: holder.to_owned(), file }),
            _ => Ok(file),
        }
    }

    /// Neither a file without a name nor one of several says which is the old version: the running server does, or the
    /// name of the file.
    fn of_the_old_version(&self) -> Option<&str> {
        let (name, own) = (Some(self.name), self.own_file());
        let eligible = || self.folder.iter().filter(|(file, _)| !self.is_shadow(file));
        let same: Vec<_> = eligible().filter(|(_, holder)| holder.as_deref() == name).collect();
        if let [(file, _)] = same.as_slice() {
            return Some(file);
        }
        let live = self.live.as_deref().filter(|file| !self.is_shadow(file) && self.other_plugin(file).is_none());
        let named = || eligible().map(|(file, _)| file.as_str()).find(|file| *file == own);
        live.or_else(|| named().filter(|file| self.other_plugin(file).is_none()))
    }

    fn own_file(&self) -> String {
        format!("{}.wasm", self.name)
    }

    fn is_shadow(&self, file: &str) -> bool {
        self.shadows.iter().any(|shadow| shadow == file)
    }

    /// The plug-in in the file when it is another one.
    fn other_plugin(&self, file: &str) -> Option<&str> {
        let (_, holder) = self.folder.iter().find(|(other, _)| other == file)?;
        holder.as_deref().filter(|holder| *holder != self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAMAGED: &str = "";

    /// Where the plug-in `p` goes that comes in `new.wasm`.
    fn chosen(folder: &[(&str, &str)], shadows: &[&str], live: Option<&str>) -> Result<String, Occupied> {
        destination("new.wasm", folder, shadows, live).choose(false)
    }

    fn destination<'a>(
        given: &'a str,
        folder: &[(&str, &str)],
        shadows: &[&str],
        live: Option<&str>,
    ) -> Destination<'a> {
        let holder = |name: &str| (name != DAMAGED).then(|| name.to_owned());
        Destination {
            name: "p",
            given,
            folder: folder.iter().map(|(file, name)| ((*file).to_owned(), holder(name))).collect(),
            shadows: shadows.iter().map(|file| (*file).to_owned()).collect(),
            live: live.map(str::to_owned),
        }
    }

    #[test]
    fn a_new_version_takes_the_file_of_the_old_one_whether_that_is_whole_or_not() {
        for (folder, shadows, live, file) in [
            (&[("a.wasm", "p"), ("q.wasm", "q")][..], &[][..], None, "a.wasm"),
            (&[("a.wasm", "p"), ("s.wasm", "p")], &["s.wasm"], Some("a.wasm"), "a.wasm"),
            (&[("a.wasm", "p"), ("b.wasm", "p")], &[], Some("b.wasm"), "b.wasm"),
            (&[("a.wasm", DAMAGED)], &[], Some("a.wasm"), "a.wasm"),
            (&[("a.wasm", DAMAGED), ("s.wasm", "p")], &["s.wasm"], Some("a.wasm"), "a.wasm"),
            (&[("p.wasm", DAMAGED)], &[], None, "p.wasm"),
            (&[("a.wasm", "p"), ("p.wasm", "p")], &[], None, "p.wasm"),
            (&[("new.wasm", DAMAGED)], &[], None, "new.wasm"),
            // It was deleted, or renamed.
            (&[], &[], Some("a.wasm"), "a.wasm"),
            (&[("b.wasm", "p")], &[], Some("a.wasm"), "b.wasm"),
        ] {
            assert_eq!(chosen(folder, shadows, live).as_deref(), Ok(file), "{folder:?} {shadows:?} {live:?}");
        }
    }

    #[test]
    fn a_new_plug_in_keeps_its_file_name_unless_that_is_none_of_a_component_or_a_shadow() {
        for (given, shadows, file) in [
            ("new.wasm", &[][..], "new.wasm"),
            ("new.bin", &[], "p.wasm"),
            (".new.wasm", &[], "p.wasm"),
            ("s.wasm", &["s.wasm"], "p.wasm"),
        ] {
            let destination = destination(given, &[("a.wasm", DAMAGED)], shadows, None);
            assert_eq!(destination.choose(false).as_deref(), Ok(file), "{given} {shadows:?}");
        }
    }

    #[test]
    fn the_file_of_another_plug_in_is_taken_only_by_force_and_that_of_a_shadow_never() {
        let folder = [("new.wasm", "q")];
        let taken = Occupied::Plugin { file: "new.wasm".to_owned(), holder: "q".to_owned() };
        assert_eq!(chosen(&folder, &[], None), Err(taken));
        assert_eq!(destination("new.wasm", &folder, &[], None).choose(true).as_deref(), Ok("new.wasm"));
        // The live plug-in's file holds another one by now.
        assert_eq!(chosen(&[("a.wasm", "q")], &[], Some("a.wasm")).as_deref(), Ok("new.wasm"));
        let shadows = ["new.wasm", "p.wasm"];
        let shadow = Err(Occupied::Shadow("p.wasm".to_owned()));
        assert_eq!(destination("new.wasm", &[("p.wasm", "p")], &shadows, None).choose(true), shadow);
    }
}
