import type { PictureArea } from '../api/control.ts';

export interface Point {
  readonly x: number;
  readonly y: number;
}

export interface Size {
  readonly width: number;
  readonly height: number;
}

/** In pixels of the page. */
export interface Box extends Size {
  readonly left: number;
  readonly top: number;
}

/** Smaller is a click, or a hand that shook. */
const MIN_PIXELS = 8;

/** Where a picture lies in an element that shows the whole of it (`object-fit: contain`). */
export function pictureBox(element: Size, picture: Size): Box {
  const scale = Math.min(element.width / picture.width, element.height / picture.height);
  if (!Number.isFinite(scale)) return { left: 0, top: 0, ...element };
  const [width, height] = [picture.width * scale, picture.height * scale];
  return { left: (element.width - width) / 2, top: (element.height - height) / 2, width, height };
}

/** The rectangle between two points, cut off at the edges of the picture. */
export function drawnBox(from: Point, to: Point, picture: Box): Box {
  const across = (x: number) => Math.min(picture.left + picture.width, Math.max(picture.left, x));
  const down = (y: number) => Math.min(picture.top + picture.height, Math.max(picture.top, y));
  const [left, right] = [across(Math.min(from.x, to.x)), across(Math.max(from.x, to.x))];
  const [top, bottom] = [down(Math.min(from.y, to.y)), down(Math.max(from.y, to.y))];
  return { left, top, width: right - left, height: bottom - top };
}

/** A drawn rectangle as DragZoomIn and TargetTrack tell it (GB/T 28181 A.2.3); undefined where it is too small to be meant. */
export function areaOf(drawn: Box, picture: Box): PictureArea | undefined {
  if (drawn.width < MIN_PIXELS || drawn.height < MIN_PIXELS) return undefined;
  return {
    length: Math.round(picture.width),
    width: Math.round(picture.height),
    midPointX: Math.round(drawn.left - picture.left + drawn.width / 2),
    midPointY: Math.round(drawn.top - picture.top + drawn.height / 2),
    lengthX: Math.round(drawn.width),
    lengthY: Math.round(drawn.height),
  };
}
