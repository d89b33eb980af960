import type { Browser, Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Camera, CameraOptions } from '../../src/camera/index.ts';
import type { DeviceControl, PtzCommand } from '../../src/gb28181/index.ts';
import { launchChromium } from '../support/chromium.ts';
import type { GatewayProcess } from '../support/gateway-process.ts';
import { channelsKnown, Scene } from '../support/scene.ts';

const DEVICE = '34020000001320000001';
const CHANNEL = '34020000001310000001';
const PATH = `/api/v1/devices/${DEVICE}/channels/${CHANNEL}`;

const within = { timeout: 40_000 };
let browser: Browser;
beforeAll(async () => {
  browser = await launchChromium();
});
afterAll(() => browser.close());

async function openScene(scene: Scene, path: string, options: Partial<CameraOptions> = {}) {
  const gateway = await scene.gateway({ config: { media: { listen: '127.0.0.1', address: '127.0.0.1' } } });
  const camera = await scene.camera(gateway, options);
  await channelsKnown(gateway, 1);
  const context = await browser.newContext({ locale: 'en-GB', viewport: { width: 1400, height: 950 } });
  scene.keep(context, (open) => open.close());
  const page: Page = await context.newPage();
  await page.goto(gateway.base + path);
  return { gateway, camera, page };
}

/** DeviceControls as they arrive, without PTZ commands and what the player asks for by itself. */
function controlsOf(camera: Camera): DeviceControl[] {
  const controls: DeviceControl[] = [];
  camera.on('control', (_channelId, control) => {
    if (control.kind !== 'ptz' && control.kind !== 'key_frame') controls.push(control);
  });
  return controls;
}

const pan = async (gateway: GatewayProcess) => {
  const { pan: degrees = 0 } = await gateway.json<{ pan?: number }>('GET', `${PATH}/ptz-position`);
  return Math.round(degrees);
};

describe('the live page', () => {
  test('a preset is set and called, the lens moves', async () => {
    await using scene = new Scene();
    const { gateway, camera, page } = await openScene(scene, '/');
    const id = (testid: string) => page.getByTestId(testid);
    await id(`channel-${DEVICE}-${CHANNEL}`).click();
    await id('section-presets').click();
    await page.getByText('No preset is set yet').waitFor();

    await gateway.json('POST', `${PATH}/ptz-position`, { pan: 40, tilt: 5, zoom: 2 });
    await expect.poll(() => id('preset-number').inputValue(), within).toBe('1');
    // Seventeen characters are 34 bytes: the gateway refuses them, and the form says so before.
    await id('preset-new-name').fill('门'.repeat(17));
    await id('preset-problem').waitFor();
    expect(await id('preset-set').isDisabled()).toBe(true);
    await id('preset-new-name').fill('大门');
    await id('preset-set').click();
    await expect.poll(() => id('preset-1-name').innerText(), within).toBe('大门');
    await gateway.json('POST', `${PATH}/ptz-position`, { pan: 200 });
    expect(await pan(gateway)).toBe(200);
    await id('preset-1-call').click();
    await expect.poll(() => pan(gateway), within).toBe(40);
    await id('preset-1-delete').click();
    await page.getByText('No preset is set yet').waitFor();

    const lens: string[] = [];
    camera.on('ptz', (_channelId, command) => {
      if (command.kind === 'lens') lens.push(`${command.focus} ${command.iris}`);
      if (command.kind === 'auxiliary') lens.push(`${command.number} ${command.on}`);
    });
    await id('ptz-focusNear').hover();
    await page.mouse.down();
    await expect.poll(() => lens.join(), within).toBe('1 0');
    await page.mouse.up();
    await expect.poll(() => lens.join(), within).toBe('1 0,0 0');
    await id('ptz-wiper').click();
    await expect.poll(() => lens.at(-1), within).toBe('1 true');
  });

  /** Draws over these parts of an element: left, top, right, bottom, 0 to 1. */
  async function draw(page: Page, box: Locator, [left, top, right, bottom]: [number, number, number, number]) {
    await box.waitFor();
    const { x = 0, y = 0, width = 0, height = 0 } = (await box.boundingBox()) ?? {};
    await page.mouse.move(x + left * width, y + top * height);
    await page.mouse.down();
    await page.mouse.move(x + right * width, y + bottom * height, { steps: 4 });
    await page.mouse.up();
  }

  test('a rectangle on the picture zooms to it, with Shift out of it, or names a target', async () => {
    await using scene = new Scene();
    const { gateway, camera, page } = await openScene(scene, '/');
    const id = (testid: string) => page.getByTestId(testid);
    const controls = controlsOf(camera);
    await id('grid-1').click();
    await id(`channel-${DEVICE}-${CHANNEL}`).click();
    await expect.poll(() => id('cell-0').getAttribute('data-phase'), within).toBe('playing');

    await id('draw-zoom-in').click();
    await draw(page, id('draw-box'), [0.5, 0.5, 0.75, 0.65]);
    await expect.poll(() => controls.length, within).toBe(1);
    const [first] = controls;
    if (first?.kind !== 'drag_zoom') throw new Error(`${first?.kind} arrived`);
    const { length, width, midPointX, midPointY, lengthX, lengthY } = first.area;
    expect(first.direction).toBe('in');
    // The picture, not the bars beside it; the rectangle begins in its middle.
    expect(length / width).toBeCloseTo(16 / 9, 1);
    expect(Math.abs(midPointX - lengthX / 2 - length / 2)).toBeLessThan(2);
    expect(Math.abs(midPointY - lengthY / 2 - width / 2)).toBeLessThan(2);
    const zoom = async () => (await gateway.json<{ zoom?: number }>('GET', `${PATH}/ptz-position`)).zoom ?? 0;
    await expect.poll(zoom, within).toBeCloseTo(length / lengthX, 1);

    await page.keyboard.down('Shift');
    await draw(page, id('draw-box'), [0.25, 0.4, 0.75, 0.6]);
    await page.keyboard.up('Shift');
    await expect.poll(() => controls.at(-1), within).toMatchObject({ kind: 'drag_zoom', direction: 'out' });
    await page.keyboard.press('Escape');
    await expect.poll(() => id('draw-box').count(), within).toBe(0);

    await id('section-track').click();
    await id('track-manual').click();
    await draw(page, id('draw-box'), [0.4, 0.4, 0.6, 0.6]);
    const target = { kind: 'target_track', mode: 'Manual', area: { length, width } };
    await expect.poll(() => controls.at(-1), within).toMatchObject(target);
    await expect.poll(() => id('draw-box').count(), within).toBe(0);
    await id('track-auto').click();
    await expect.poll(() => controls.at(-1), within).toMatchObject({ kind: 'target_track', mode: 'Auto' });
    await id('track-stop').click();
    await expect.poll(() => controls.at(-1), within).toMatchObject({ kind: 'target_track', mode: 'Stop' });
  });

  test('positions and scans arrive as they were typed', async () => {
    await using scene = new Scene();
    const { camera, page } = await openScene(scene, '/');
    const id = (testid: string) => page.getByTestId(testid);
    const controls = controlsOf(camera);
    const scans: PtzCommand[] = [];
    camera.on('ptz', (_channelId, command) => {
      if (command.kind === 'scan') scans.push(command);
    });
    await id(`channel-${DEVICE}-${CHANNEL}`).click();
    await id('section-position').click();
    await id('position-pan').fill('123.5');
    await id('position-tilt').fill('-10');
    await id('position-go').click();
    const position = { pan: 123.5, tilt: -10 };
    await expect.poll(() => controls.at(-1), within).toEqual({ kind: 'precise_ptz', position });
    await id('position-pan').fill('');
    await id('position-read').click();
    await expect.poll(() => id('position-pan').inputValue(), within).toBe('123.5');
    await id('position-tilt').fill('91');
    await expect.poll(() => id('position-go').isDisabled(), within).toBe(true);

    await id('section-scan').click();
    await id('scan-group').fill('3');
    await id('scan-speed').fill('300');
    const steps = [
      { button: 'scan-left', command: { action: 'left_limit', group: 3 } },
      { button: 'scan-right', command: { action: 'right_limit', group: 3 } },
      { button: 'scan-speed-set', command: { action: 'speed', group: 3, value: 300 } },
      { button: 'scan-start', command: { action: 'start', group: 3 } },
    ];
    for (const { button, command } of steps) {
      await id(button).click();
      await expect.poll(() => scans.at(-1), within).toMatchObject(command);
    }
  });

  test('other switches by their number, a cruise with its name and points', async () => {
    await using scene = new Scene();
    const { camera, page } = await openScene(scene, '/');
    const id = (testid: string) => page.getByTestId(testid);
    const switched: PtzCommand[] = [];
    camera.on('ptz', (_channelId, command) => {
      if (command.kind === 'auxiliary') switched.push(command);
    });
    await id(`channel-${DEVICE}-${CHANNEL}`).click();
    await id('auxiliary-number').fill('256');
    await expect.poll(() => id('auxiliary-on').isDisabled(), within).toBe(true);
    await id('auxiliary-number').fill('17');
    await id('auxiliary-on').click();
    await expect.poll(() => switched.at(-1), within).toEqual({ kind: 'auxiliary', on: true, number: 17 });
    await id('auxiliary-off').click();
    await expect.poll(() => switched.at(-1), within).toEqual({ kind: 'auxiliary', on: false, number: 17 });

    await id('section-cruise').click();
    await id('cruise-group').fill('2');
    await id('cruise-preset').fill('5');
    await id('cruise-name').fill('夜巡');
    await id('cruise-add').click();
    await expect.poll(() => id('cruise-track-0').innerText(), within).toContain('夜巡');
    await id('cruise-track-0').click();
    await expect.poll(() => id('cruise-points-0').innerText(), within).toContain('Preset 5');
  });
});

describe('the device page', () => {
  test('state, commands told as confirmed, a picture, SD cards, configuration', async () => {
    await using scene = new Scene();
    const { gateway, page } = await openScene(scene, '/devices');
    const id = (testid: string) => page.getByTestId(testid);
    await id(`device-row-${DEVICE}`).click();
    await id('device-tab-control').click();
    await id('ask-state').click();
    await expect.poll(() => id('state-recording').innerText(), within).toBe('off');
    await id('command-recordStart').click();
    await page.getByText('The device confirmed it').first().waitFor();
    await expect.poll(() => id('state-recording').innerText(), within).toBe('on');

    await id('take-picture').click();
    const width = () =>
      page
        .locator('[data-testid=picture] img')
        .first()
        .evaluate((img) => (img as unknown as { naturalWidth: number }).naturalWidth);
    await id('picture').first().waitFor();
    await expect.poll(width, within).toBe(640);

    await id('ask-cards').click();
    await expect.poll(() => id('sd-card').count(), within).toBe(2);

    await id('device-tab-config').click();
    await expect.poll(() => id('config-heartBeatCount').inputValue(), within).toBe('3');
    await id('config-type').selectOption('FrameMirror');
    await id('config-mirror').selectOption('2');
    await id('config-save').click();
    const mirror = async () => {
      const path = `/api/v1/devices/${DEVICE}/config?types=FrameMirror`;
      return (await gateway.json<{ values: { FrameMirror?: number } }>('GET', path)).values.FrameMirror;
    };
    await expect.poll(mirror, within).toBe(2);
  });

  test('what it says of itself, the stream that it records, a key frame, two pictures', async () => {
    await using scene = new Scene();
    const { camera, page } = await openScene(scene, '/devices');
    const id = (testid: string) => page.getByTestId(testid);
    const controls: DeviceControl[] = [];
    camera.on('control', (_channelId, control) => controls.push(control));
    await id(`device-row-${DEVICE}`).click();
    await id('device-tab-control').click();
    await id('ask-info').click();
    await expect.poll(() => id('info-manufacturer').innerText(), within).not.toBe('');
    expect(await id('info-channels').innerText()).toBe('1');
    await id('record-stream').selectOption('1');
    await id('command-recordStart').click();
    await expect.poll(() => controls.at(-1), within).toEqual({ kind: 'record', on: true, streamNumber: 1 });
    await id('command-keyFrame').click();
    await expect.poll(() => controls.at(-1), within).toEqual({ kind: 'key_frame' });
    // Without a reload: what the device can do follows the commands.
    await expect.poll(() => id('capabilities').innerText(), within).toContain('RecordCmd');
    await id('picture-count').fill('2');
    await id('take-picture').click();
    await expect.poll(() => id('picture').count(), within).toBe(2);
  });

  test('alarms that it has kept, by their level, and where it is', async () => {
    await using scene = new Scene();
    const place = { longitude: 118.38, latitude: 31.33 };
    const { camera, page } = await openScene(scene, '/devices', { place });
    const id = (testid: string) => page.getByTestId(testid);
    await camera.alarm(CHANNEL, { priority: 1, type: 5, description: 'north fence' });
    await camera.alarm(CHANNEL, { priority: 4, type: 2, description: 'yard' });
    await id(`device-row-${DEVICE}`).click();
    await id('device-tab-control').click();
    await id('ask-alarms').click();
    await expect.poll(() => id('kept-alarm').count(), within).toBe(2);
    await id('kept-priority').selectOption('1');
    await id('ask-alarms').click();
    await expect.poll(() => id('kept-alarm').count(), within).toBe(1);
    expect(await id('kept-alarm').innerText()).toContain('north fence');
    await id('kept-method').selectOption('1');
    await id('ask-alarms').click();
    await page.getByText('The device has kept no such alarm').waitFor();
    await id('ask-place').click();
    await expect.poll(() => id(`place-of-${CHANNEL}`).innerText(), within).toBe('31.33000, 118.38000');
  });

  test('subscriptions tell how they are, are switched by kind at the camera, and asked for again', async () => {
    await using scene = new Scene();
    const { camera, page } = await openScene(scene, '/devices');
    const id = (testid: string) => page.getByTestId(testid);
    const state = (kind: string) => () => id(`subscription-${kind}`).getAttribute('data-state');
    const arrived: string[] = [];
    camera.on('subscribed', (_deviceId, kind, active) => arrived.push(`${kind} ${active}`));
    await id(`device-row-${DEVICE}`).click();
    await id('device-tab-subscriptions').click();
    await expect.poll(state('catalog'), within).toBe('active');
    await expect.poll(state('alarm'), within).toBe('active');
    await expect.poll(state('mobilePosition'), within).toBe('off');
    const configured = () => id('subscription-ptzPosition-wish').locator('option').first().textContent();
    await expect.poll(configured, within).toBe('As configured: off');
    const expires = () => id('subscription-catalog-expires').textContent();
    const before = await expires();

    await id('subscription-ptzPosition-wish').selectOption('on');
    await expect.poll(() => arrived, within).toContain('ptzPosition true');
    await expect.poll(state('ptzPosition'), within).toBe('active');
    await expect.poll(() => id('subscription-ptzPosition-notifies').textContent(), within).toBe('1');
    await id('subscription-alarm-wish').selectOption('off');
    await expect.poll(() => arrived.at(-1), within).toBe('alarm false');
    await expect.poll(state('alarm'), within).toBe('off');
    await id('subscription-alarm-wish').selectOption('configured');
    await expect.poll(() => arrived.at(-1), within).toBe('alarm true');

    await id('subscriptions-renew').click();
    await page.getByText('The device is being asked').waitFor();
    await expect.poll(expires, within).not.toBe(before);
  });

  test('a channel that has lost its picture says so, in the list of the device and in the tree', async () => {
    await using scene = new Scene();
    const { gateway, camera, page } = await openScene(scene, '/devices');
    const id = (testid: string) => page.getByTestId(testid);
    type Told = { items: Array<{ kind: string; state: string }> };
    const subscribed = async () => {
      const { items } = await gateway.json<Told>('GET', `/api/v1/devices/${DEVICE}/subscriptions`);
      return items.find(({ kind }) => kind === 'catalog')?.state;
    };
    await expect.poll(subscribed, within).toBe('active');
    await camera.setChannel(CHANNEL, 'VLOST');
    await id(`device-row-${DEVICE}`).click();
    await id('device-tab-channels').click();
    await expect.poll(() => id('device-channels').textContent(), within).toContain('No video signal');
    expect(await gateway.json('GET', PATH)).toMatchObject({ status: 'OFF', fault: 'VLOST' });
    await page.goto(`${gateway.base}/live`);
    await expect.poll(() => id(`channel-${DEVICE}-${CHANNEL}`).textContent(), within).toContain('No video signal');
    await camera.setChannel(CHANNEL, 'ON');
    await expect.poll(() => id(`channel-${DEVICE}-${CHANNEL}`).textContent(), within).not.toContain('No video signal');
  });

  test('a channel gets a name and a position beside what the device says, and gives them back', async () => {
    await using scene = new Scene();
    const { gateway, page } = await openScene(scene, '/devices');
    const id = (testid: string) => page.getByTestId(testid);
    type Known = { name: string; longitude: number; latitude: number; told?: { name: string } };
    const channel = () => gateway.json<Known>('GET', PATH);
    const { name } = await channel();
    await id(`device-row-${DEVICE}`).click();
    await id('device-tab-channels').click();
    await id(`edit-${CHANNEL}`).click();
    await id('channel-name').fill('North gate');
    await id('channel-latitude').fill('31.33');
    await expect.poll(() => id('channel-save').isDisabled(), within).toBe(true);
    await id('channel-longitude').fill('118.38');
    await id('channel-save').click();
    const set = { name: 'North gate', longitude: 118.38, latitude: 31.33, told: { name } };
    await expect.poll(channel, within).toMatchObject(set);
    await gateway.json('POST', `/api/v1/devices/${DEVICE}/refresh-catalog`);
    expect(await channel()).toMatchObject(set);
    await expect.poll(() => id('device-channels').textContent(), within).toContain(`The device says ${name}`);

    await id(`edit-${CHANNEL}`).click();
    await id('channel-name-back').click();
    await id('channel-position-back').click();
    await id('channel-save').click();
    await expect.poll(async () => (await channel()).told, within).toBeUndefined();
    expect(await channel()).toMatchObject({ name });
  });

  test('covered areas, texts and times of recording are lists that arrive at the camera', async () => {
    await using scene = new Scene();
    const { gateway, page } = await openScene(scene, '/devices');
    const id = (testid: string) => page.getByTestId(testid);
    const config = async (type: string): Promise<unknown> => {
      const path = `/api/v1/devices/${DEVICE}/config?types=${type}`;
      return (await gateway.json<{ values: Record<string, unknown> }>('GET', path)).values[type];
    };
    const choose = async (type: string, list: string) => {
      await id('config-type').selectOption(type);
      await id(`config-${list}-add`).click();
    };
    await id(`device-row-${DEVICE}`).click();
    await id('device-tab-config').click();

    await choose('PictureMask', 'regions');
    expect(await id('config-save').isDisabled()).toBe(true);
    for (const [side, value] of Object.entries({ left: '0', top: '10', right: '200', bottom: '110' })) {
      await id(`config-regions-0-${side}`).fill(value);
    }
    await id('config-save').click();
    const regions = [{ seq: 1, point: '0,10,200,110' }];
    await expect.poll(() => config('PictureMask'), within).toMatchObject({ regionCount: 1, regions });

    await choose('OSDConfig', 'texts');
    for (const [key, value] of Object.entries({ text: '北门', x: '16', y: '640' })) {
      await id(`config-texts-0-${key}`).fill(value);
    }
    await id('config-save').click();
    const texts = [{ text: '北门', x: 16, y: 640 }];
    await expect.poll(() => config('OSDConfig'), within).toMatchObject({ textCount: 1, texts, timeEnabled: true });

    await choose('VideoRecordPlan', 'schedules');
    await id('config-schedules-0-days').selectOption('weekend');
    await id('config-schedules-0-from').fill('08:00');
    await id('config-schedules-0-to').fill('24:00');
    await id('config-save').click();
    const segment = { startHour: 8, startMin: 0, startSec: 0, stopHour: 24, stopMin: 0, stopSec: 0 };
    const schedules = [6, 7].map((weekDay) => ({ weekDay, segmentCount: 1, segments: [segment] }));
    await expect.poll(() => config('VideoRecordPlan'), within).toMatchObject({ scheduleCount: 2, schedules });
    await id('config-schedules-0-remove').click();
    await id('config-save').click();
    await expect.poll(() => config('VideoRecordPlan'), within).toMatchObject({ scheduleCount: 0 });
    expect(await config('VideoRecordPlan')).not.toHaveProperty('schedules');
  });
});
