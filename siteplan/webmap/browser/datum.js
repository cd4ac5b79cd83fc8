/* WGS 84 <-> GCJ-02, the datum of Gaode's maps. The other half of siteplan/layers/datums.py: the same formula, the same
   rectangle outside which both are one. Degrees, longitude first. */
"use strict";
(function (siteplan) {
  const CHINA = [73.66, 3.86, 135.05, 53.55];
  const AXIS_M = 6378245.0, ECCENTRICITY_2 = 0.006693421622965943;
  const STEPS = 12, CLOSE = 1e-11;

  function outside(longitude, latitude) {
    return !(longitude > CHINA[0] && latitude > CHINA[1] && longitude < CHINA[2] && latitude < CHINA[3]);
  }

  function wave(metres, argument, halfPeriod) {
    return metres * 2 / 3 * Math.sin(argument * Math.PI / halfPeriod);
  }

  /* By how many degrees GCJ-02 moves a place in WGS 84. */
  function offset(longitude, latitude) {
    const x = longitude - 105, y = latitude - 35, root = Math.sqrt(Math.abs(x));
    const ripple = wave(20, x, 1 / 6) + wave(20, x, 1 / 2);
    const east = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root + ripple
      + wave(20, x, 1) + wave(40, x, 3) + wave(150, x, 12) + wave(300, x, 30);
    const north = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root + ripple
      + wave(20, y, 1) + wave(40, y, 3) + wave(160, y, 12) + wave(320, y, 30);
    const phi = latitude * Math.PI / 180, squash = 1 - ECCENTRICITY_2 * Math.sin(phi) ** 2;
    const alongParallel = AXIS_M / Math.sqrt(squash) * Math.cos(phi);
    const alongMeridian = AXIS_M * (1 - ECCENTRICITY_2) / squash ** 1.5;
    return [east / alongParallel * 180 / Math.PI, north / alongMeridian * 180 / Math.PI];
  }

  function forward(longitude, latitude) {
    if (outside(longitude, latitude)) return [longitude, latitude];
    const moved = offset(longitude, latitude);
    return [longitude + moved[0], latitude + moved[1]];
  }

  /* By fixed-point steps, each of which shortens the error a hundredfold; in China or not is asked of the place given. */
  function inverse(longitude, latitude) {
    if (outside(longitude, latitude)) return [longitude, latitude];
    let x = longitude, y = latitude;
    for (let step = 0; step < STEPS; step++) {
      const moved = offset(x, y), east = longitude - moved[0], north = latitude - moved[1];
      const change = Math.max(Math.abs(east - x), Math.abs(north - y));
      x = east;
      y = north;
      if (change < CLOSE) break;
    }
    return [x, y];
  }

  siteplan.gcj02 = { forward, inverse, outside };
})(window.siteplan);
