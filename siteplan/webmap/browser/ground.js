/* What lies beneath the layers: shaded relief and tiles (of a local file, or online where the plan asked for them),
   drawn on a canvas of their own. Online tiles in GCJ-02 shift the layers, not what is said of them. */
"use strict";
(function (siteplan) {
  const geo = siteplan.geo;
  let relief = null, canvas = null, chosen = "", failed = 0;
  const sources = new Map(), pictures = new Map(); // by key; by address
  const MOST_PICTURES = 600;

  function picture(address, done) {
    if (!pictures.has(address)) {
      if (pictures.size > MOST_PICTURES) pictures.clear();
      const image = new Image();
      image.addEventListener("load", done);
      image.addEventListener("error", () => { failed++; siteplan.ground.trouble(failed); });
      image.src = address;
      pictures.set(address, image);
    }
    return pictures.get(address);
  }

  function localSource(block) {
    const places = Object.keys(block.tiles).map((key) => key.split("/").map(Number));
    return {
      datum: "wgs84", attribution: block.attribution, overlay: null,
      least: Math.min(...places.map((one) => one[0])), most: Math.max(...places.map((one) => one[0])),
      address(z, x, y) {
        const found = block.tiles[z + "/" + x + "/" + y];
        return found ? "data:" + block.mime + ";base64," + found : null;
      },
    };
  }

  function onlineSource(one) {
    const full = (url) => (z, x, y) => url.replace("{z}", z).replace("{x}", x).replace("{y}", y)
      .replace("{s}", one.subdomains ? one.subdomains[(x + y) % one.subdomains.length] : "");
    return {
      datum: one.datum, attribution: one.attribution, least: 0, most: one.max_zoom,
      address: full(one.url), overlay: one.overlay_url ? full(one.overlay_url) : null,
    };
  }

  function drawTiles(ctx, view, source, done) {
    const z = Math.max(source.least, Math.min(source.most, Math.round(view.zoom))), n = Math.pow(2, z), side = view.scale / n;
    const first = [Math.floor(view.box[0] * n), Math.floor(view.box[1] * n)];
    const last = [Math.floor(view.box[2] * n), Math.floor(view.box[3] * n)];
    let waiting = 0;
    for (const address of [source.address, source.overlay]) {
      if (!address) continue;
      for (let x = Math.max(0, first[0]); x <= Math.min(n - 1, last[0]); x++) {
        for (let y = Math.max(0, first[1]); y <= Math.min(n - 1, last[1]); y++) {
          const at = address(z, x, y);
          if (!at) continue;
          const image = picture(at, done);
          if (image.complete && image.naturalWidth) {
            ctx.drawImage(image, x * side - view.left, y * side - view.top, side + 0.5, side + 0.5);
          } else if (!image.complete) {
            waiting++;
          }
        }
      }
    }
    return waiting;
  }

  function drawRelief(ctx, view) {
    const { west, south, east, north } = relief.edges;
    const x = geo.worldX(west) * view.scale - view.left, y = geo.worldY(north) * view.scale - view.top;
    const w = (geo.worldX(east) - geo.worldX(west)) * view.scale, h = (geo.worldY(south) - geo.worldY(north)) * view.scale;
    ctx.imageSmoothingQuality = "high";
    ctx.globalCompositeOperation = "multiply"; // tiles stay readable under it
    ctx.drawImage(relief.image, x, y, w, h);
    ctx.globalCompositeOperation = "source-over";
  }

  /* draws the ground; returns how many tiles are still on their way */
  function draw(ctx, view, done) {
    const source = sources.get(chosen);
    const waiting = source ? drawTiles(ctx, view, source, done) : 0;
    if (relief && relief.shown && relief.image.complete && relief.image.naturalWidth) drawRelief(ctx, view);
    return waiting;
  }

  function shiftRelief(place) {
    const [west, south, east, north] = relief.box;
    const a = place(west, south), b = place(east, north);
    relief.edges = { west: a[0], south: a[1], east: b[0], north: b[1] };
  }

  /* Layers (and relief) drawn where their places are in another datum; their true places are kept. */
  function useDatum(datum) {
    if (datum === siteplan.ground.datum) return;
    siteplan.ground.datum = datum;
    const place = datum === "gcj02" ? siteplan.gcj02.forward : (lon, lat) => [lon, lat];
    for (const { data } of siteplan.layers) {
      const shape = data.shape;
      if (!shape.true) shape.true = { x: shape.x, y: shape.y };
      if (datum === "wgs84") {
        shape.x = shape.true.x;
        shape.y = shape.true.y;
      } else {
        const n = shape.true.x.length, x = new Float64Array(n), y = new Float64Array(n);
        for (let i = 0; i < n; i++) {
          const [lon, lat] = place(geo.longitude(shape.true.x[i]), geo.latitude(shape.true.y[i]));
          x[i] = geo.worldX(lon);
          y[i] = geo.worldY(lat);
        }
        shape.x = x;
        shape.y = y;
      }
      shape.box = geo.boxes(shape);
      shape.index = null;
    }
    if (relief) shiftRelief(place);
    siteplan.redrawAll();
  }

  function choose(key) {
    chosen = sources.has(key) ? key : "";
    failed = 0;
    const source = sources.get(chosen);
    for (const one of sources.values()) siteplan.map.attributionControl.removeAttribution(siteplan.ground.plainText(one.attribution));
    if (source) siteplan.map.attributionControl.addAttribution(siteplan.ground.plainText(source.attribution));
    useDatum(source ? source.datum : "wgs84");
    siteplan.ground.trouble(0);
    canvas.redraw();
  }

  siteplan.ground = {
    datum: "wgs84",
    /* Leaflet writes attributions as markup */
    plainText(text) { return text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;"); },
    draw, choose, trouble() {},
    failed() { return failed; },
    chosen() { return chosen; },
    relief() { return relief; },
    showRelief(on) { relief.shown = on; canvas.redraw(); },
    /* [{key, title}] of what may be chosen beside nothing, in the language in use */
    choices() {
      const own = siteplan.page.basemaps.map((one, n) => ({ key: one.key, title: siteplan.words.basemaps[n], datum: one.datum }));
      return (sources.has("local") ? [{ key: "local", title: siteplan.words.tiles || siteplan.texts.local_tiles, datum: "wgs84" }] : []).concat(own);
    },
    /* WGS84 longitude and latitude of a place under the pointer */
    truePlace(latlng) {
      return siteplan.ground.datum === "gcj02" ? siteplan.gcj02.inverse(latlng.lng, latlng.lat) : [latlng.lng, latlng.lat];
    },
    /* WGS84 longitude and latitude of vertex v of a layer */
    vertex(data, v) {
      const { x, y } = data.shape.true || data.shape;
      return [geo.longitude(x[v]), geo.latitude(y[v])];
    },
    open(map) {
      if (document.getElementById("terrain")) {
        const { png, box } = siteplan.block("terrain"), image = new Image();
        relief = { image, box, shown: true, edges: null };
        shiftRelief((lon, lat) => [lon, lat]);
        image.addEventListener("load", () => canvas.redraw());
        image.src = "data:image/png;base64," + png;
      }
      if (document.getElementById("tiles")) sources.set("local", localSource(siteplan.block("tiles")));
      for (const one of siteplan.page.basemaps) sources.set(one.key, onlineSource(one));
      canvas = siteplan.addCanvas(map, "ground", 300, (ctx, view) => draw(ctx, view, () => canvas.redraw()));
      if (sources.has("local")) choose("local");
    },
  };
})(window.siteplan);
