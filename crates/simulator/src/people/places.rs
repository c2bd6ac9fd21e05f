//! The cities that candidates live in.

/// A city.
pub(crate) struct Place {
    pub(crate) city: &'static str,
    pub(crate) state: &'static str,
    /// The first three digits of its ZIP codes.
    pub(crate) zip_prefix: &'static str,
    /// A telephone area code.
    pub(crate) area_code: &'static str,
}

/// Every city.
pub(crate) const PLACES: [Place; 56] = [
    place("Chicago", "IL", "606", "312"),
    place("Naperville", "IL", "605", "630"),
    place("Peoria", "IL", "616", "309"),
    place("Milwaukee", "WI", "532", "414"),
    place("Madison", "WI", "537", "608"),
    place("Green Bay", "WI", "543", "920"),
    place("Minneapolis", "MN", "554", "612"),
    place("Rochester", "MN", "559", "507"),
    place("Des Moines", "IA", "503", "515"),
    place("Omaha", "NE", "681", "402"),
    place("Kansas City", "MO", "641", "816"),
    place("St. Louis", "MO", "631", "314"),
    place("Indianapolis", "IN", "462", "317"),
    place("Fort Wayne", "IN", "468", "260"),
    place("Columbus", "OH", "432", "614"),
    place("Cincinnati", "OH", "452", "513"),
    place("Dayton", "OH", "454", "937"),
    place("Grand Rapids", "MI", "495", "616"),
    place("Dearborn", "MI", "481", "313"),
    place("Louisville", "KY", "402", "502"),
    place("Nashville", "TN", "372", "615"),
    place("Knoxville", "TN", "379", "865"),
    place("Memphis", "TN", "381", "901"),
    place("Atlanta", "GA", "303", "404"),
    place("Macon", "GA", "312", "478"),
    place("Charlotte", "NC", "282", "704"),
    place("Raleigh", "NC", "276", "919"),
    place("Charleston", "SC", "294", "843"),
    place("Greenville", "SC", "296", "864"),
    place("Virginia Beach", "VA", "234", "757"),
    place("Richmond", "VA", "232", "804"),
    place("Baltimore", "MD", "212", "410"),
    place("Philadelphia", "PA", "191", "215"),
    place("Pittsburgh", "PA", "152", "412"),
    place("Cherry Hill", "NJ", "080", "856"),
    place("Hartford", "CT", "061", "860"),
    place("Worcester", "MA", "016", "508"),
    place("Buffalo", "NY", "142", "716"),
    place("Jacksonville", "FL", "322", "904"),
    place("Orlando", "FL", "328", "407"),
    place("Tampa", "FL", "336", "813"),
    place("Birmingham", "AL", "352", "205"),
    place("Dallas", "TX", "752", "214"),
    place("Houston", "TX", "770", "713"),
    place("Austin", "TX", "787", "512"),
    place("El Paso", "TX", "799", "915"),
    place("Tulsa", "OK", "741", "918"),
    place("Denver", "CO", "802", "303"),
    place("Colorado Springs", "CO", "809", "719"),
    place("Boise", "ID", "837", "208"),
    place("Salt Lake City", "UT", "841", "801"),
    place("Scottsdale", "AZ", "852", "480"),
    place("Las Vegas", "NV", "891", "702"),
    place("Irvine", "CA", "926", "949"),
    place("Sacramento", "CA", "958", "916"),
    place("Spokane", "WA", "992", "509"),
];

const fn place(city: &'static str, state: &'static str, zip_prefix: &'static str, area_code: &'static str) -> Place {
    Place { city, state, zip_prefix, area_code }
}
