// The player of the preview dialog: MPEG-TS from our own server into a <video>, by mpegts.js.

const PLAYABLE = {
  // what the server finds in the stream: its name, and a type to ask the browser about (none = no browser plays it this way)
  h264: ["H.264", 'video/mp4; codecs="avc1.640028"'],
  h265: ["H.265 (HEVC)", 'video/mp4; codecs="hvc1.1.6.L120.B0"'],
  h266: ["H.266 (VVC)", null],
  mpeg1: ["MPEG-1", null],
  mpeg2: ["MPEG-2", null],
  mpeg4: ["MPEG-4 Part 2", null],
  vc1: ["VC-1", null],
  aac: ["AAC", 'audio/mp4; codecs="mp4a.40.2"'],
  mp2: ["MPEG audio", 'audio/mpeg'],
  opus: ["Opus", 'audio/mp4; codecs="opus"'],
  ac3: ["Dolby Digital (AC-3)", 'audio/mp4; codecs="ac-3"'],
  eac3: ["Dolby Digital Plus (E-AC-3)", 'audio/mp4; codecs="ec-3"'],
  dts: ["DTS", null],
};
const nameOf = (codec) => PLAYABLE[codec]?.[0] ?? codec;
const isPlayable = (codec) => !codec || Boolean(PLAYABLE[codec]?.[1] && window.MediaSource?.isTypeSupported(PLAYABLE[codec][1]));

let library = null;

export function loadLibrary(address) {
  library ??= new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = address;
    script.addEventListener("load", () => {
      window.mpegts.LoggingControl.enableAll = false; // what goes wrong is told in the dialog
      resolve(window.mpegts);
    });
    script.addEventListener("error", () => {
      library = null;
      script.remove();
      reject(new Error("mpegts.js did not load"));
    });
    document.head.append(script);
  });
  return library;
}

export function play(box) {
  return new Player(box);
}

class Player {
  constructor(box) {
    this.box = box;
    this.video = box.querySelector("video");
    this.engine = null;
    this.events = new AbortController();
    const { signal } = this.events;
    const modes = this.part("modes");
    modes.addEventListener("change", () => this.start(modes.value), { signal });
    for (const button of box.querySelectorAll("[data-pv-mode]")) {
      button.addEventListener("click", () => this.start(button.dataset.pvMode), { signal });
    }
    this.part("again").addEventListener("click", () => this.start(modes.value), { signal });
    this.video.addEventListener("playing", () => this.say("live", "Live"), { signal });
    this.video.addEventListener("waiting", () => this.engine && this.say("connecting", "Waiting for more…"), { signal });
    // After all that had arrived was shown.
    this.video.addEventListener("ended", () => this.engine && this.fail("The stream ended: the source sends no more.", ["again"], false), { signal });
    box.parentElement.querySelector("[data-pv-copy]").addEventListener("click", () => this.copy(), { signal });
    this.start(modes.value);
  }

  part(name) {
    return this.box.querySelector(`[data-pv-${name}]`);
  }

  start(mode) {
    this.release();
    this.part("modes").value = mode;
    this.part("problem").hidden = true;
    this.part("codecs").textContent = "";
    this.mark(false);
    this.say("connecting", "Connecting…");
    const { mpegts } = window;
    if (!mpegts?.getFeatureList().mseLivePlayback) {
      this.fail("This browser cannot play streams inside a page. Open it in VLC.", []);
      return;
    }
    const url = new URL(this.box.dataset.url, window.location.href);
    url.searchParams.set("mode", mode);
    const engine = mpegts.createPlayer(
      { type: "mpegts", isLive: true, url: url.href },
      { customLoader: loaderFor(mpegts, this), enableStashBuffer: false, autoCleanupSourceBuffer: true, lazyLoad: false },
    );
    this.engine = engine;
    const mine = (act) => (...values) => this.engine === engine && act(...values);
    engine.on(mpegts.Events.ERROR, mine((kind, detail) => this.broke(mode, kind, detail)));
    engine.attachMediaElement(this.video);
    this.video.muted = true;
    engine.load();
    engine.play()?.catch(() => {}); // refused autoplay: the controls are there
  }

  // What the server found inside. False = it makes no sense to go on.
  heard(engine, mode, video, audio) {
    if (this.engine !== engine) return false;
    this.part("codecs").textContent = [video, audio].filter(Boolean).map(nameOf).join(" · ");
    if (!isPlayable(video)) {
      this.fail(`The picture is ${nameOf(video)}, which this browser cannot show. VLC plays it.`, []);
      return false;
    }
    if (!isPlayable(audio)) {
      this.fail(`The sound is ${nameOf(audio)}, which this browser cannot play. VLC plays it as it is.`, ["transcode", "video_only"]);
      return false;
    }
    return true;
  }

  broke(mode, kind, detail) {
    if (this.refusal) this.fail(this.refusal, ["again"], false);
    else if (kind === window.mpegts.ErrorTypes.MEDIA_ERROR) {
      this.fail(`This browser cannot play what the stream is made of (${detail}).`, mode === "passthrough" ? ["transcode", "video_only"] : ["again"]);
    } else this.fail("The connection to the server broke off.", ["again"], false);
  }

  // Says what is wrong and which buttons may help; ``outside``: VLC and M3U are the way out.
  fail(reason, offers, outside = true) {
    this.release();
    this.say("error", "Error");
    this.part("reason").textContent = reason;
    this.part("problem").hidden = false;
    for (const button of this.box.querySelectorAll("[data-pv-mode]")) button.hidden = !offers.includes(button.dataset.pvMode);
    this.part("again").hidden = !offers.includes("again");
    this.mark(outside);
  }

  mark(outside) {
    for (const way of this.box.parentElement.querySelectorAll("[data-pv-outside]")) way.classList.toggle("btn-primary", outside);
  }

  say(kind, words) {
    const state = this.part("state");
    if (state.dataset.kind === kind && state.textContent === words) return;
    state.dataset.kind = kind;
    state.textContent = words;
    this.part("cover").hidden = kind !== "connecting";
  }

  async copy() {
    const answer = await fetch(this.box.dataset.vlcUrl, { headers: { Accept: "text/plain" } }).catch(() => null);
    const address = answer?.ok ? await answer.text() : "";
    if (!address) window.ecm.toast("error", "The address could not be read. Try again.");
    else if (!(await window.ecm.copy(address))) window.ecm.toast("warning", "The browser did not allow copying. Use Download M3U instead.");
  }

  release() {
    const { engine } = this;
    this.engine = null; // first: what it says while it goes is not meant for anybody
    this.refusal = "";
    if (!engine) return;
    engine.destroy();
    this.video.removeAttribute("src"); // or the browser goes on showing that it waits
    this.video.load();
  }

  stop() {
    this.release();
    this.events.abort();
  }
}

// Loads like mpegts.js does, and besides reads what our server says in headers and error answers.
function loaderFor(mpegts, player) {
  return class PreviewLoader extends mpegts.BaseLoader {
    constructor() {
      super("preview");
      this.needStash = true;
      this.wish = new AbortController();
      this.received = 0;
    }

    destroy() {
      this.abort();
      super.destroy();
    }

    abort() {
      this.wish.abort();
    }

    async open(source, range) {
      const { engine } = player;
      this._status = mpegts.LoaderStatus.kConnecting;
      try {
        const answer = await fetch(source.url, { signal: this.wish.signal, cache: "no-store" });
        if (!answer.ok) {
          player.refusal = (await answer.json().catch(() => ({}))).detail ?? `The server answered ${answer.status}. Reload the page.`;
          this._status = mpegts.LoaderStatus.kError;
          this.onError?.(mpegts.LoaderErrors.HTTP_STATUS_CODE_INVALID, { code: answer.status, msg: player.refusal });
          return;
        }
        const found = (name) => answer.headers.get(`X-Preview-${name}`) ?? "";
        if (!player.heard(engine, found("Mode"), found("Video"), found("Audio"))) {
          this.abort();
          return;
        }
        await this.pump(answer.body.getReader(), range.from);
      } catch (error) {
        if (this.wish.signal.aborted) return;
        this._status = mpegts.LoaderStatus.kError;
        this.onError?.(mpegts.LoaderErrors.EXCEPTION, { code: -1, msg: String(error.message) });
      }
    }

    async pump(reader, from) {
      this._status = mpegts.LoaderStatus.kBuffering;
      for (;;) {
        const { done, value } = await reader.read();
        if (this.wish.signal.aborted) return;
        if (done) break;
        const start = from + this.received;
        this.received += value.byteLength;
        this.onDataArrival?.(value.buffer, start, this.received);
      }
      this._status = mpegts.LoaderStatus.kComplete;
      this.onComplete?.(from, from + this.received - 1);
    }
  };
}
