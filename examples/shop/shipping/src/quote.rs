use serde::Serialize;

use crate::parcel::{MAX_WEIGHT, Parcel, ParcelError};

/// An offer to ship a parcel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Quote {
    /// In cents.
    pub price: u64,
    /// Working days until it arrives, at most.
    pub days: u32,
}

/// Where a country lies, as the carrier counts.
struct Zone {
    countries: &'static [&'static str],
    /// Cents for the first kilogram, and for each further one.
    first: u64,
    further: u64,
    days: u32,
}

const ZONES: &[Zone] = &[
    Zone {
        countries: &["DE"],
        first: 550,
        further: 60,
        days: 2,
    },
    Zone {
        countries: &["AT", "BE", "CZ", "DK", "FR", "LU", "NL", "PL"],
        first: 1150,
        further: 120,
        days: 4,
    },
    Zone {
        countries: &["CA", "CH", "GB", "NO", "US"],
        first: 2400,
        further: 650,
        days: 9,
    },
];

/// What it costs to ship `parcel`.
pub fn quote(parcel: &Parcel) -> Result<Quote, ParcelError> {
    match parcel.weight {
        0 => return Err(ParcelError::Empty),
        weight if weight > MAX_WEIGHT => return Err(ParcelError::TooHeavy { weight }),
        _ => {}
    }
    let country = parcel.country.as_str();
    let Some(zone) = ZONES.iter().find(|zone| zone.countries.contains(&country)) else {
        return Err(ParcelError::Country {
            country: country.into(),
        });
    };
    let further = u64::from(parcel.weight.div_ceil(1000) - 1);
    Ok(Quote {
        price: zone.first + further * zone.further,
        days: zone.days,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn price(weight: u32, country: &str) -> Result<u64, ParcelError> {
        let parcel = Parcel {
            weight,
            country: country.into(),
        };
        quote(&parcel).map(|quote| quote.price)
    }

    #[test]
    fn each_started_kilogram_counts() {
        assert_eq!(price(1, "DE"), Ok(550));
        assert_eq!(price(1000, "DE"), Ok(550));
        assert_eq!(price(1001, "DE"), Ok(610));
        assert_eq!(price(MAX_WEIGHT, "US"), Ok(2400 + 31 * 650));
    }

    #[test]
    fn a_parcel_further_away_takes_longer() {
        let days = |country: &str| {
            let parcel = Parcel {
                weight: 500,
                country: country.into(),
            };
            quote(&parcel).unwrap().days
        };
        assert!(days("DE") < days("FR") && days("FR") < days("CA"));
    }

    #[test]
    fn what_cannot_be_shipped_is_refused() {
        assert_eq!(price(0, "DE"), Err(ParcelError::Empty));
        assert_eq!(
            price(MAX_WEIGHT + 1, "DE"),
            Err(ParcelError::TooHeavy {
                weight: MAX_WEIGHT + 1
            })
        );
        assert_eq!(
            price(500, "de"),
            Err(ParcelError::Country {
                country: "de".into()
            })
        );
    }
}
