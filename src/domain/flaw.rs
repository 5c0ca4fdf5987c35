//! What is wrong with a record's match keys and payload, noted at the door, where raw values are known.

/// The flaws of a record, as a mask in its row; nearly always none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub struct Flaws(u64);

macro_rules! flaws {
    ($($(#[$doc:meta])* $name:ident = $bit:literal;)*) => {
        /// One thing that is wrong with a record. The numbers are those of the bits in the store.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Flaw {
            $($(#[$doc])* $name,)*
        }

        impl Flaw {
            /// All flaws, in the order of their bits.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// Its number in the store.
            #[must_use]
            pub const fn number(self) -> u8 {
                match self {
                    $(Self::$name => $bit,)*
                }
            }

            /// The flaw with this number.
            #[must_use]
            pub const fn from_number(number: u8) -> Option<Self> {
                match number {
                    $($bit => Some(Self::$name),)*
                    _ => None,
                }
            }

            const fn bit(self) -> u64 {
                1 << self.number()
            }
        }
    };
}

flaws! {
    /// The ttclid is a word for nothing, or a macro that nobody filled in.
    TtclidPlaceholder = 0;
    /// The ttclid holds white space or control characters, or is longer than 1000 characters.
    TtclidShape = 1;
    /// The ttclid is only the beginning of the one in the record's own page URL.
    TtclidCut = 2;
    /// The ttclid is in other letter case than TikTok made it.
    TtclidRespelled = 3;
    /// The page's URL carries another ttclid: the field holds an older click.
    TtclidOlder = 4;
    /// The ttclid is exactly as long as a common limit of columns and cookies.
    TtclidAtLimit = 5;
    /// The URL's ttclid is a word for nothing, or a macro that nobody filled in.
    UrlTtclidPlaceholder = 6;
    /// The ttp is a word for nothing.
    TtpPlaceholder = 7;
    /// The ttp cannot be a `_ttp` cookie's value.
    TtpShape = 8;
    /// The ttp is the ttclid.
    TtpIsTtclid = 9;
    /// The ttp is a UUID or a number: somebody made it up.
    TtpGenerated = 10;
    /// The e-mail address is a word for nothing.
    EmailPlaceholder = 11;
    /// The e-mail address is none.
    EmailUnreadable = 12;
    /// Several e-mail addresses stand in one text.
    EmailJoined = 13;
    /// The phone number is a word for nothing.
    PhonePlaceholder = 14;
    /// The phone number cannot be read.
    PhoneUnreadable = 15;
    /// The phone number has no country code, and the config names no region.
    PhoneNoCountry = 16;
    /// The external id is a word for nothing.
    ExternalIdPlaceholder = 17;
    /// A digest of 32 hex digits: MD5.
    DigestMd5 = 18;
    /// A digest of 40 hex digits: SHA-1.
    DigestSha1 = 19;
    /// A SHA-256 digest in base64.
    DigestBase64 = 20;
    /// Hex digits of another length: a digest that was cut or is of another kind.
    DigestLength = 21;
    /// A digest in upper-case hex.
    DigestUpper = 22;
    /// The digest of an empty text or of a word for nothing.
    DigestOfNothing = 23;
    /// A flaw of a digest is in the e-mail address.
    DigestInEmail = 24;
    /// A flaw of a digest is in the phone number.
    DigestInPhone = 25;
    /// A flaw of a digest is in the external id.
    DigestInExternalId = 26;
    /// Hashed without trimming.
    HashUntrimmed = 27;
    /// Hashed without lower-casing.
    HashUnlowered = 28;
    /// Hashed as Latin-1 bytes, not UTF-8.
    HashLatin1 = 29;
    /// Hashed twice.
    HashDouble = 30;
    /// A phone number hashed without its `+`.
    HashWithoutPlus = 31;
    /// An external id hashed in lower case.
    HashLowered = 32;
    /// A list hashed as one text.
    HashJoined = 33;
    /// A digest that no known recipe makes of the value beside it.
    HashUnknown = 34;
    /// The address is private or the machine's own.
    IpPrivate = 35;
    /// The address is reserved, for documentation, or not given out.
    IpReserved = 36;
    /// Several addresses in one text: a proxy's chain.
    IpList = 37;
    /// The address cannot be read.
    IpUnreadable = 38;
    /// The user agent is a word for nothing.
    AgentPlaceholder = 39;
    /// The user agent is that of a program that sends HTTP.
    AgentLibrary = 40;
    /// The user agent is that of a crawler or a monitor.
    AgentBot = 41;
    /// The user agent is longer than any browser's.
    AgentTooLong = 42;
    /// A field of `user` has a name that TikTok does not know, but means one that it does.
    UserFieldMisnamed = 43;
    /// Limited data use is given as text.
    LimitedAsText = 44;
    /// The value is given as text.
    ValueAsText = 45;
    /// The currency is not in upper case.
    CurrencyRespelled = 46;
    /// TikTok does not take the currency.
    CurrencyUnsupported = 47;
    /// A `content_id` is no text.
    ContentIdNotText = 48;
    /// An item has no `content_name`.
    ContentNameMissing = 49;
    /// An item has no quantity.
    QuantityMissing = 50;
    /// An item has no price.
    PriceMissing = 51;
    /// `content_type` is given, and is not `product`.
    ContentTypeOther = 52;
    /// `num_items` is not the sum of the quantities.
    NumItemsDiffer = 53;
    /// The value is not the sum of price × quantity.
    ValueDiffers = 54;
    /// The value is a hundred times, or a hundredth of, the sum of price × quantity.
    ValueHundredfold = 55;
}

impl Flaws {
    /// No flaw.
    pub const NONE: Self = Self(0);

    /// The flaws with this mask.
    #[must_use]
    pub const fn from_mask(mask: u64) -> Self {
        Self(mask)
    }

    /// The mask.
    #[must_use]
    pub const fn mask(self) -> u64 {
        self.0
    }

    /// These flaws.
    #[must_use]
    pub const fn of(flaws: &[Flaw]) -> Self {
        let mut set = Self(0);
        let mut rest = flaws;
        while let Some((first, others)) = rest.split_first() {
            set.add(*first);
            rest = others;
        }
        set
    }

    /// Adds a flaw.
    pub const fn add(&mut self, flaw: Flaw) {
        self.0 |= flaw.bit();
    }

    /// Adds all flaws of another set.
    pub const fn join(&mut self, other: Self) {
        self.0 |= other.0;
    }

    /// Whether there is this flaw.
    #[must_use]
    pub const fn has(self, flaw: Flaw) -> bool {
        self.0 & flaw.bit() != 0
    }

    /// Whether there is one of these flaws.
    #[must_use]
    pub const fn has_any(self, of: Self) -> bool {
        self.0 & of.0 != 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_flaw_has_a_bit_of_its_own_that_a_column_can_hold() {
        let mut all = Flaws::NONE;
        for flaw in Flaw::ALL {
            assert!(!all.has(*flaw), "{flaw:?}");
            all.add(*flaw);
        }
        assert_eq!(all, Flaws::of(Flaw::ALL));
        assert!(i64::try_from(all.mask()).is_ok());
        assert!(all.has_any(Flaws::of(&[Flaw::IpList])) && !all.has_any(Flaws::NONE));
    }
}
