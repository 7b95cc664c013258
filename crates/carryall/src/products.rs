//! The products that this program was built with.

include!(concat!(env!("OUT_DIR"), "/products.rs"));

/// One product.
pub struct Product {
    /// Its folder's name, as `--product` takes it.
    pub name: &'static str,
    /// Its data map.
    pub data_map: &'static str,
    /// Its demo, if it has one.
    pub demo: Option<Demo>,
}

/// Made-up content to try the program on.
pub struct Demo {
    /// Who can sign in.
    pub people: fn() -> Vec<DemoPerson>,
    /// Writes database and files.
    pub write: WriteDemo,
}

/// Writes a demo into a folder and says how far it is: (what, done, of).
pub type WriteDemo =
    fn(&std::path::Path, &DemoOptions, &mut dyn FnMut(&str, u64, u64)) -> anyhow::Result<()>;

/// How large a demo is.
#[derive(Debug, Clone, Copy)]
pub struct DemoOptions {
    /// How many people, at least 4.
    pub people: u32,
    /// Additional messages of the biggest account.
    pub messages: Option<u64>,
    /// Additional bytes of files of the biggest account.
    pub file_bytes: Option<u64>,
}

/// Somebody of the demo.
#[derive(Debug, Clone)]
pub struct DemoPerson {
    /// Name to show.
    pub name: String,
    /// Address to sign in with.
    pub email: String,
    /// Password to sign in with.
    pub password: String,
    /// The secret of an authenticator app, in base32, if there is one.
    pub totp_secret: Option<String>,
    /// What to expect of the account.
    pub note: String,
}

/// The product with this name, or the error that lists all names.
pub fn named(name: &str) -> anyhow::Result<&'static Product> {
    PRODUCTS
        .iter()
        .find(|product| product.name == name)
        .ok_or_else(|| {
            let names: Vec<_> = PRODUCTS.iter().map(|product| product.name).collect();
            anyhow::anyhow!(
                "there is no product `{name}`: this program knows {}",
                names.join(", ")
            )
        })
}
