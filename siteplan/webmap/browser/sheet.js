/* The canvas that every layer is drawn on, in order of z. */
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
      this.options.draw(ctx, siteplan.viewOf(this._zoom, corner.x, corner.y, size.x, size.y, ratio));
    },
  });

  /* What is seen: zoom, scale (pixels of the whole world), left and top (pixels), width and height, ratio (canvas
     pixels to a CSS pixel), box (world units). */
  siteplan.viewOf = function (zoom, left, top, width, height, ratio) {
    const scale = 256 * Math.pow(2, zoom);
    return {
      zoom, scale, left, top, width, height, ratio, labelZoom: zoom,
      box: [left / scale, top / scale, (left + width) / scale, (top + height) / scale],
    };
  };

  function radiusOf(look, zoom) {
    return Math.round(look.size * (zoom < 8.5 ? 0.45 : zoom < 9.5 ? 0.6 : zoom < 11 ? 0.8 : zoom < 13 ? 1 : 1.2) * 2) / 2;
  }

  /* One run into the path. Vertices closer than a pixel to the last are passed over; with clip, so are stretches
     wholly on one outer side of the view (a dashed line of a million pixels would take seconds). */
  function trace(ctx, shape, r, view, clip, coarse) {
    const { x, y, vertexOf } = shape, a = vertexOf[r], z = vertexOf[r + 1], { scale, left, top } = view;
    const w = view.width + 20, h = view.height + 20, step = coarse || 1.5;
    let lastX = NaN, lastY = NaN, lastSide = 0, pen = false;
    for (let i = a; i < z; i++) {
      const px = x[i] * scale - left, py = y[i] * scale - top;
      if (i > a && i < z - 1 && Math.abs(px - lastX) + Math.abs(py - lastY) < step) continue;
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
    if (look.fillOpacity > 0 || look.hatch) {
      ctx.beginPath();
      for (let r = shape.runOf[f]; r < shape.runOf[f + 1]; r++) trace(ctx, shape, r, view, false);
      ctx.globalAlpha = look.fillOpacity;
      ctx.fillStyle = look.colour;
      ctx.fill("evenodd");
      ctx.globalAlpha = 1;
      if (look.hatch) {
        ctx.fillStyle = siteplan.symbols.hatch(ctx, look);
        ctx.fill("evenodd");
      }
    }
    if (look.weight > 0) {
      ctx.beginPath();
      for (let r = shape.runOf[f]; r < shape.runOf[f + 1]; r++) trace(ctx, shape, r, view, true);
      ctx.stroke();
    }
  }

  function strokeStyle(ctx, look, widen, far) {
    ctx.strokeStyle = look.colour;
    ctx.lineWidth = look.weight * widen;
    ctx.setLineDash(far ? [] : look.dash);
    ctx.lineJoin = far ? "bevel" : "round";
    ctx.lineCap = far || look.dash.length ? "butt" : "round";
  }

  function drawPoints(ctx, data, look, rows, view) {
    const { runOf, vertexOf, x, y } = data.shape, { scale, left, top, width, height } = view, visible = data.visible;
    const { image, half } = siteplan.symbols.sprite(look, radiusOf(look, view.zoom), view.ratio), far = half + 1;
    for (let k = 0; k < rows.length; k++) {
      const f = rows[k];
      if (visible && !visible[f]) continue;
      for (let r = runOf[f]; r < runOf[f + 1]; r++) {
        const v = vertexOf[r], px = x[v] * scale - left, py = y[v] * scale - top;
        if (px < -far || py < -far || px > width + far || py > height + far) continue;
        ctx.drawImage(image, px - half, py - half, 2 * half, 2 * half);
      }
    }
  }

  /* Too many for symbols: dots in the colours of their classes, in the order of the rows, so that no class covers the
     others; written into a picture pixel by pixel. */
  function drawDots(ctx, data, view, side) {
    const { runOf, vertexOf, x, y } = data.shape, { scale, left, top, ratio } = view, { visible, hidden, classOf } = data;
    const w = Math.ceil(view.width * ratio), h = Math.ceil(view.height * ratio), image = new ImageData(w, h), pixels = new Uint32Array(image.data.buffer);
    const colours = data.classes.map(({ colour }) => {
      const [r, g, b] = [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16));
      return new Uint32Array(new Uint8Array([r, g, b, 255]).buffer)[0];
    });
    const size = Math.max(1, Math.round(side * ratio)), shift = size / 2;
    for (let f = 0; f < data.size; f++) {
      if ((visible && !visible[f]) || hidden[classOf[f]]) continue;
      const colour = colours[classOf[f]];
      for (let r = runOf[f]; r < runOf[f + 1]; r++) {
        const v = vertexOf[r];
        const x0 = Math.round((x[v] * scale - left) * ratio - shift), y0 = Math.round((y[v] * scale - top) * ratio - shift);
        if (x0 < 0 || y0 < 0 || x0 + size > w || y0 + size > h) continue;
        for (let j = 0; j < size; j++) {
          const at = (y0 + j) * w + x0;
          for (let i = 0; i < size; i++) pixels[at + i] = colour;
        }
      }
    }
    const canvas = document.createElement("canvas");
    canvas.width = w;
    canvas.height = h;
    canvas.getContext("2d").putImageData(image, 0, 0);
    ctx.drawImage(canvas, 0, 0, w / ratio, h / ratio);
  }

  function drawLines(ctx, data, rows, view, coarse) {
    const { runOf, box } = data.shape, [x0, y0, x1, y1] = view.box, visible = data.visible, tiny = 0.35 / view.scale;
    let pending = 0;
    ctx.beginPath();
    for (let k = 0; k < rows.length; k++) {
      const f = rows[k];
      if (visible && !visible[f]) continue;
      for (let r = runOf[f]; r < runOf[f + 1]; r++) {
        const b = 4 * r;
        if (box[b] > x1 || box[b + 2] < x0 || box[b + 1] > y1 || box[b + 3] < y0) continue;
        if (box[b + 2] - box[b] + box[b + 3] - box[b + 1] < tiny) continue; // a third of a pixel
        trace(ctx, data.shape, r, view, true, coarse);
        if (++pending % 400 === 0) { ctx.stroke(); ctx.beginPath(); }
      }
    }
    ctx.stroke();
  }

  const CROWD = 4000; // symbols in view
  const COVERED = 0.22; // share of the ground in view that they may cover

  /* the side of a dot in pixels where the points in view are too many for symbols, else 0 */
  function dotSide(data, view) {
    if (data.size < CROWD) return 0;
    const { runOf, vertexOf, x, y } = data.shape, [x0, y0, x1, y1] = view.box, visible = data.visible;
    let n = 0, west = Infinity, north = Infinity, east = -Infinity, south = -Infinity;
    for (let f = 0; f < data.size; f++) {
      if ((visible && !visible[f]) || runOf[f] === runOf[f + 1]) continue;
      const v = vertexOf[runOf[f]], px = x[v], py = y[v];
      if (px < x0 || px > x1 || py < y0 || py > y1) continue;
      n++;
      if (px < west) west = px;
      if (px > east) east = px;
      if (py < north) north = py;
      if (py > south) south = py;
    }
    if (n < CROWD) return 0;
    const ground = Math.max(1, (east - west) * view.scale) * Math.max(1, (south - north) * view.scale);
    const side = Math.sqrt(COVERED * ground / n), symbol = 2 * radiusOf(data.classes[0], view.zoom);
    return side >= symbol ? 0 : Math.max(1, Math.min(5, side));
  }

  function drawMixed(ctx, data, look, rows, view, widen) {
    const { runOf, box, kindOf } = data.shape, [x0, y0, x1, y1] = view.box;
    const own = { point: [], line: [] };
    for (const f of rows) {
      const kind = kindOf(f);
      if (kind !== "area") { own[kind].push(f); continue; }
      if (!siteplan.data.passes(data, f)) continue;
      let seen = false;
      for (let r = runOf[f]; r < runOf[f + 1] && !seen; r++) {
        const b = 4 * r;
        seen = box[b] <= x1 && box[b + 2] >= x0 && box[b + 1] <= y1 && box[b + 3] >= y0;
      }
      if (seen) drawArea(ctx, data, f, look, view);
    }
    strokeStyle(ctx, look, widen, false);
    drawLines(ctx, data, own.line, view, 1.5);
    drawPoints(ctx, data, look, own.point, view);
  }

  function drawLayer(ctx, data, view) {
    const widen = view.zoom < 9 ? 0.5 : view.zoom < 10.5 ? 0.7 : view.zoom < 14 ? 1 : 1.35, only = data.shape.only;
    const dot = only === "point" ? dotSide(data, view) : 0;
    if (dot) { drawDots(ctx, data, view, dot); return; }
    // Dashes shorter than the lines between junctions say nothing, round corners of a pixel neither; both cost much.
    const far = only === "line" && view.zoom < 11 && data.size >= 5000;
    data.classes.forEach((look, c) => {
      if (data.hidden[c]) return;
      strokeStyle(ctx, look, widen, far);
      if (only === "point") drawPoints(ctx, data, look, data.byClass[c], view);
      else if (only === "line") drawLines(ctx, data, data.byClass[c], view, far ? 3 : 1.5);
      else drawMixed(ctx, data, look, data.byClass[c], view, widen);
      ctx.setLineDash([]);
    });
  }

  let canvas = null, waiting = false;
  siteplan.layers = []; // in drawing order
  siteplan.redraw = function () {
    if (waiting || !canvas) return;
    waiting = true;
    requestAnimationFrame(() => { waiting = false; canvas.redraw(); });
  };

  /* the layers of one side ("now" or "planned"), with those of both */
  siteplan.shownOn = function (side) {
    return siteplan.layers.filter((layer) => layer.shown && (layer.data.side === "" || layer.data.side === side)).map((layer) => layer.data);
  };

  function drawSide(ctx, view, side) {
    const shown = siteplan.shownOn(side);
    for (const data of shown) drawLayer(ctx, data, view);
    siteplan.drawLabels(ctx, shown, view, radiusOf);
  }

  function clipped(ctx, x0, x1, view, draw) {
    ctx.save();
    ctx.beginPath();
    ctx.rect(x0, 0, x1 - x0, view.height);
    ctx.clip();
    draw();
    ctx.restore();
  }

  /* Everything that is shown; split: null, or where (pixels of the view) what is gives way to what is planned. */
  siteplan.drawMap = function (ctx, view, split) {
    if (split === null) { drawSide(ctx, view, "now"); return; }
    clipped(ctx, 0, split, view, () => drawSide(ctx, view, "now"));
    clipped(ctx, split, view.width, view, () => drawSide(ctx, view, "planned"));
  };

  /* What folium's layers become: they hold data; adding and removing only marks them and draws the sheet again. */
  const Layer = L.Layer.extend({
    initialize(data) { this.data = data; this.shown = false; },
    onAdd() { this.shown = true; siteplan.redraw(); siteplan.viewed(); },
    onRemove() { this.shown = false; siteplan.redraw(); siteplan.viewed(); },
  });

  siteplan.layer = function (key) {
    if (!siteplan.page) siteplan.openPage();
    const layer = new Layer(siteplan.decodeLayer(siteplan.block("layer-" + key), siteplan.language));
    siteplan.layers.push(layer);
    siteplan.layers.sort((a, b) => a.data.z - b.data.z); // stable: equal z stays in the order given
    return layer;
  };
  siteplan.find = function (key) {
    const layer = siteplan.layers.find((one) => one.data.layerKey === key);
    return layer ? layer.data : null;
  };

  const canvases = [];
  siteplan.redrawAll = function () { for (const one of canvases) one.redraw(); };
  siteplan.addCanvas = function (map, name, zIndex, draw) {
    const pane = map.createPane(name);
    pane.style.zIndex = zIndex;
    pane.style.pointerEvents = "none";
    const made = new Canvas({ pane: name, draw, className: "sp-canvas sp-canvas-" + name });
    made.addTo(map);
    canvases.push(made);
    return made;
  };
  siteplan.openSheet = function (map) {
    canvas = siteplan.addCanvas(map, "sheet", 400, (ctx, view) => siteplan.drawMap(ctx, view, siteplan.compare.split(view)));
  };
  Object.assign(siteplan.geo, { radiusOf, trace });
})(window.siteplan);
