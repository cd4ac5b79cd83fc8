/* The canvas that every layer is drawn on, in order of z, and what lies beneath a click. */
"use strict";
(function (siteplan) {
  /* Leaflet moves and scales a renderer's canvas with the map; what is drawn on it is our business. */
  const Canvas = L.Renderer.extend({
    options: { padding: 0.2, draw: null, className: "" },
    _initContainer() {
      this._container = document.createElement("canvas");
      this._container.className = this.options.className;
      this._ctx = this._container.getContext("2d");
    },
    _destroyContainer() {
      L.DomUtil.remove(this._container);
      delete this._container;
      delete this._ctx;
    },
    _updatePaths() {},
    _update() {
      if (this._map._animatingZoom && this._bounds) return;
      L.Renderer.prototype._update.call(this);
      const size = this._bounds.getSize(), ratio = siteplan.symbols.ratio();
      L.DomUtil.setPosition(this._container, this._bounds.min);
      this._container.width = size.x * ratio;
      this._container.height = size.y * ratio;
      this._container.style.width = size.x + "px";
      this._container.style.height = size.y + "px";
      this.redraw();
    },
    redraw() {
      if (!this._map || !this._ctx) return;
      const ctx = this._ctx, ratio = siteplan.symbols.ratio(), size = this._bounds.getSize();
      const corner = this._map.getPixelOrigin().add(this._bounds.min);
      ctx.setTransform(1, 0, 0, 1, 0, 0);
      ctx.clearRect(0, 0, this._container.width, this._container.height);
      ctx.setTransform(ratio, 0, 0, ratio, 0, 0);
      const scale = 256 * Math.pow(2, this._zoom);
      this.options.draw(ctx, {
        zoom: this._zoom, scale, left: corner.x, top: corner.y, width: size.x, height: size.y,
        box: [corner.x / scale, corner.y / scale, (corner.x + size.x) / scale, (corner.y + size.y) / scale],
      });
    },
  });

  function radiusOf(look, zoom) {
    return Math.round(look.size * (zoom < 9.5 ? 0.62 : zoom < 11 ? 0.8 : zoom < 13 ? 1 : 1.2) * 2) / 2;
  }

  function inView(shape, r, box, margin) {
    const b = shape.box, i = 4 * r;
    return b[i] <= box[2] + margin && b[i + 2] >= box[0] - margin && b[i + 1] <= box[3] + margin && b[i + 3] >= box[1] - margin;
  }

  /* One run into the path. Vertices closer than a pixel to the last are passed over; with clip, so are stretches
     wholly on one outer side of the view (a dashed line of a million pixels would take seconds). */
  function trace(ctx, shape, r, view, clip) {
    const { x, y, vertexOf } = shape, a = vertexOf[r], z = vertexOf[r + 1];
    const w = view.width + 20, h = view.height + 20;
    let lastX = NaN, lastY = NaN, lastSide = 0, pen = false;
    for (let i = a; i < z; i++) {
      const px = x[i] * view.scale - view.left, py = y[i] * view.scale - view.top;
      if (i > a && i < z - 1 && Math.abs(px - lastX) + Math.abs(py - lastY) < 0.9) continue;
      const side = clip ? (px < -20 ? 1 : px > w ? 2 : 0) | (py < -20 ? 4 : py > h ? 8 : 0) : 0;
      if (i > a && !(side & lastSide)) {
        if (!pen) ctx.moveTo(lastX, lastY);
        ctx.lineTo(px, py);
        pen = true;
      } else {
        pen = false;
      }
      lastX = px;
      lastY = py;
      lastSide = side;
    }
  }

  function drawArea(ctx, data, f, look, view) {
    const shape = data.shape;
    if (look.fillOpacity > 0) {
      ctx.beginPath();
      for (let r = shape.runOf[f]; r < shape.runOf[f + 1]; r++) trace(ctx, shape, r, view, false);
      ctx.globalAlpha = look.fillOpacity;
      ctx.fillStyle = look.colour;
      ctx.fill("evenodd");
      ctx.globalAlpha = 1;
    }
    if (look.weight > 0) {
      ctx.beginPath();
      for (let r = shape.runOf[f]; r < shape.runOf[f + 1]; r++) trace(ctx, shape, r, view, true);
      ctx.stroke();
    }
  }

  function strokeStyle(ctx, look, widen) {
    ctx.strokeStyle = look.colour;
    ctx.lineWidth = look.weight * widen;
    ctx.setLineDash(look.dash);
    ctx.lineJoin = "round";
    ctx.lineCap = look.dash.length ? "butt" : "round";
  }

  function drawLayer(ctx, data, view) {
    const shape = data.shape, widen = view.zoom < 10 ? 0.7 : view.zoom < 14 ? 1 : 1.35;
    data.classes.forEach((look, c) => {
      if (data.hidden[c]) return;
      strokeStyle(ctx, look, widen);
      let pending = 0;
      ctx.beginPath();
      for (const f of data.byClass[c]) {
        const kind = shape.kindOf(f);
        for (let r = shape.runOf[f]; r < shape.runOf[f + 1]; r++) {
          if (!inView(shape, r, view.box, 0)) continue;
          if (kind === "area") {
            drawArea(ctx, data, f, look, view);
            ctx.beginPath();
            break;
          } else if (kind === "line") {
            trace(ctx, shape, r, view, true);
            if (++pending % 200 === 0) { ctx.stroke(); ctx.beginPath(); }
          } else {
            const { image, half } = siteplan.symbols.sprite(look, radiusOf(look, view.zoom)), v = shape.vertexOf[r];
            ctx.drawImage(image, shape.x[v] * view.scale - view.left - half, shape.y[v] * view.scale - view.top - half, 2 * half, 2 * half);
          }
        }
      }
      ctx.stroke();
      ctx.setLineDash([]);
    });
  }

  /* pixels between a place and a feature; 0 inside an area, Infinity when out of reach */
  function distance(data, f, wx, wy, scale, reach) {
    const { runOf, vertexOf, x, y, box, kindOf } = data.shape, kind = kindOf(f), margin = reach / scale;
    let best = Infinity, inside = false;
    for (let r = runOf[f]; r < runOf[f + 1]; r++) {
      const b = 4 * r;
      if (wx < box[b] - margin || wx > box[b + 2] + margin || wy < box[b + 1] - margin || wy > box[b + 3] + margin) continue;
      for (let i = vertexOf[r], z = vertexOf[r + 1]; i < z; i++) {
        if (kind === "point") { best = Math.min(best, Math.hypot(x[i] - wx, y[i] - wy) * scale); continue; }
        if (i + 1 >= z) break;
        if (kind === "area") {
          if (y[i] > wy !== y[i + 1] > wy && wx < (x[i + 1] - x[i]) * (wy - y[i]) / (y[i + 1] - y[i]) + x[i]) inside = !inside;
          continue;
        }
        const dx = x[i + 1] - x[i], dy = y[i + 1] - y[i], length = dx * dx + dy * dy;
        const t = length ? Math.max(0, Math.min(1, ((wx - x[i]) * dx + (wy - y[i]) * dy) / length)) : 0;
        best = Math.min(best, Math.hypot(x[i] + t * dx - wx, y[i] + t * dy - wy) * scale);
      }
    }
    return kind === "area" ? (inside ? 0 : Infinity) : best;
  }

  /* What a reader means by pointing there: [{data, f}], points before lines before areas, the nearest first. */
  siteplan.hits = function (latlng, zoom, touch) {
    const wx = siteplan.geo.worldX(latlng.lng), wy = siteplan.geo.worldY(latlng.lat), scale = 256 * Math.pow(2, zoom);
    const found = [];
    siteplan.layers.forEach(({ data, shown }) => {
      if (!shown || data.fields.length === 0) return;
      data.classes.forEach((look, c) => {
        if (data.hidden[c]) return;
        for (const f of data.byClass[c]) {
          const kind = data.shape.kindOf(f), slack = touch ? 10 : 4;
          const reach = kind === "point" ? radiusOf(look, zoom) + slack : kind === "line" ? look.weight / 2 + slack : 0;
          const away = distance(data, f, wx, wy, scale, reach);
          if (away <= reach) found.push({ data, f, away, rank: kind === "point" ? 0 : kind === "line" ? 1 : 2 });
        }
      });
    });
    return found.sort((a, b) => a.rank - b.rank || b.data.z - a.data.z || a.away - b.away || a.f - b.f);
  };

  let canvas = null, waiting = false;
  siteplan.layers = []; // in drawing order
  siteplan.redraw = function () {
    if (waiting || !canvas) return;
    waiting = true;
    requestAnimationFrame(() => { waiting = false; canvas.redraw(); });
  };

  function drawAll(ctx, view) {
    const shown = siteplan.layers.filter((layer) => layer.shown).map((layer) => layer.data);
    for (const data of shown) drawLayer(ctx, data, view);
    siteplan.drawLabels(ctx, shown, view, radiusOf);
  }

  /* What folium's layers become: they hold data; adding and removing only marks them and draws the sheet again. */
  const Layer = L.Layer.extend({
    initialize(data) { this.data = data; this.shown = false; },
    onAdd() { this.shown = true; siteplan.redraw(); },
    onRemove() { this.shown = false; siteplan.redraw(); },
  });

  siteplan.layer = function (key) {
    const layer = new Layer(siteplan.decodeLayer(siteplan.block("layer-" + key)));
    siteplan.layers.push(layer);
    siteplan.layers.sort((a, b) => a.data.z - b.data.z); // stable: equal z stays in the order given
    return layer;
  };

  siteplan.addCanvas = function (map, name, zIndex, draw) {
    const pane = map.createPane(name);
    pane.style.zIndex = zIndex;
    pane.style.pointerEvents = "none";
    const made = new Canvas({ pane: name, draw, className: "sp-canvas sp-canvas-" + name });
    made.addTo(map);
    return made;
  };
  siteplan.openSheet = function (map) { canvas = siteplan.addCanvas(map, "sheet", 400, drawAll); };
  Object.assign(siteplan.geo, { radiusOf, trace });
})(window.siteplan);
