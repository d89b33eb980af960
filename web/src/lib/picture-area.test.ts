import { describe, expect, test } from 'vitest';
import { areaOf, drawnBox, pictureBox } from './picture-area.ts';

describe('where the picture lies', () => {
  test.each([
    {
      element: { width: 640, height: 480 },
      box: { left: 0, top: 60, width: 640, height: 360 },
      bars: 'above and below',
    },
    { element: { width: 800, height: 360 }, box: { left: 80, top: 0, width: 640, height: 360 }, bars: 'at the sides' },
    { element: { width: 640, height: 360 }, box: { left: 0, top: 0, width: 640, height: 360 }, bars: 'none' },
  ])('bars $bars', ({ element, box }) => {
    expect(pictureBox(element, { width: 1280, height: 720 })).toEqual(box);
  });

  test('no picture yet: the whole element', () => {
    expect(pictureBox({ width: 640, height: 360 }, { width: 0, height: 0 })).toEqual({
      left: 0,
      top: 0,
      width: 640,
      height: 360,
    });
  });
});

describe('a rectangle that was drawn', () => {
  const picture = { left: 0, top: 60, width: 640, height: 360 };

  test('in whichever direction, by its middle and its size in the picture', () => {
    const expected = { length: 640, width: 360, midPointX: 160, midPointY: 90, lengthX: 320, lengthY: 180 };
    const [from, to] = [
      { x: 0, y: 60 },
      { x: 320, y: 240 },
    ];
    expect(areaOf(drawnBox(from, to, picture), picture)).toEqual(expected);
    expect(areaOf(drawnBox(to, from, picture), picture)).toEqual(expected);
  });

  test('ends at the edges of the picture', () => {
    const drawn = drawnBox({ x: 600, y: 400 }, { x: 900, y: 900 }, picture);
    expect(drawn).toEqual({ left: 600, top: 400, width: 40, height: 20 });
    expect(areaOf(drawn, picture)).toMatchObject({ midPointX: 620, midPointY: 350 });
  });

  test.each([
    { x: 103, y: 300 },
    { x: 300, y: 104 },
  ])('a click is none, to $x, $y', (to) => {
    expect(areaOf(drawnBox({ x: 100, y: 100 }, to, picture), picture)).toBeUndefined();
  });

  test('nor is one beside the picture', () => {
    expect(areaOf(drawnBox({ x: 10, y: 0 }, { x: 300, y: 50 }, picture), picture)).toBeUndefined();
  });
});
