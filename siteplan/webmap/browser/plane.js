/* Transverse Mercator by Krüger's series to the fourth order in n (Karney 2011, eq. 7-12 and 35): within a zone it is
   good to a tenth of a millimetre. Serves coordinates on the plane grid, and lengths and areas on the ground. */
"use strict";
(function (siteplan) {
  const RADIAN = Math.PI / 180;
  const WGS84 = { semi_major: 6378137, inverse_flattening: 298.257223563 };

  function forward(grid) {
    const f = 1 / grid.inverse_flattening, n = f / (2 - f), n2 = n * n, n3 = n2 * n, n4 = n3 * n;
    const radius = grid.semi_major / (1 + n) * (1 + n2 / 4 + n4 / 64), e = 2 * Math.sqrt(n) / (1 + n);
    const alpha = [
      n / 2 - 2 * n2 / 3 + 5 * n3 / 16 + 41 * n4 / 180, 13 * n2 / 48 - 3 * n3 / 5 + 557 * n4 / 1440,
      61 * n3 / 240 - 103 * n4 / 140, 49561 * n4 / 161280,
    ];
    function raw(longitude, latitude) {
      const s = Math.sin(latitude * RADIAN), l = (longitude - grid.central_meridian) * RADIAN;
      const t = Math.sinh(Math.atanh(s) - e * Math.atanh(e * s));
      const xi = Math.atan2(t, Math.cos(l)), eta = Math.atanh(Math.sin(l) / Math.sqrt(1 + t * t));
      let east = eta, north = xi;
      alpha.forEach((a, i) => {
        const k = 2 * (i + 1);
        east += a * Math.cos(k * xi) * Math.sinh(k * eta);
        north += a * Math.sin(k * xi) * Math.cosh(k * eta);
      });
      return [grid.scale * radius * east, grid.scale * radius * north];
    }
    const south = grid.origin_latitude ? raw(grid.central_meridian, grid.origin_latitude)[1] : 0;
    return (longitude, latitude) => {
      const [east, north] = raw(longitude, latitude);
      return [grid.false_easting + east, grid.false_northing + north - south];
    };
  }

  function local(longitude) {
    return forward(Object.assign({ central_meridian: longitude, scale: 1, false_easting: 0, false_northing: 0 }, WGS84));
  }

  siteplan.plane = {
    forward,
    /* metres along [[longitude, latitude], ...]: each leg on a plane whose meridian runs through its middle, less the
       scale there; legs over 100 km are cut */
    length(places) {
      let metres = 0;
      for (let i = 1; i < places.length; i++) {
        const [a, b] = [places[i - 1], places[i]];
        const parts = Math.max(1, Math.ceil(Math.hypot(a[0] - b[0], a[1] - b[1])));
        for (let k = 0; k < parts; k++) {
          const from = [a[0] + (b[0] - a[0]) * k / parts, a[1] + (b[1] - a[1]) * k / parts];
          const to = [a[0] + (b[0] - a[0]) * (k + 1) / parts, a[1] + (b[1] - a[1]) * (k + 1) / parts];
          const on = local((from[0] + to[0]) / 2), p = on(...from), q = on(...to);
          const wide = (p[0] * p[0] + p[0] * q[0] + q[0] * q[0]) / 3 / (2 * 6371000 * 6371000);
          metres += Math.hypot(p[0] - q[0], p[1] - q[1]) / (1 + wide);
        }
      }
      return metres;
    },
    /* square metres inside a closed course, on a plane whose meridian runs through its middle */
    area(places) {
      if (places.length < 3) return 0;
      const east = places.map((one) => one[0]), on = local((Math.min(...east) + Math.max(...east)) / 2);
      const at = places.map((one) => on(...one));
      let twice = 0;
      at.forEach(([x, y], i) => {
        const [nextX, nextY] = at[(i + 1) % at.length];
        twice += x * nextY - nextX * y;
      });
      return Math.abs(twice) / 2;
    },
  };
})(window.siteplan);
