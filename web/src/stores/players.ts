import { defineStore } from 'pinia';
import { shallowReactive } from 'vue';
import type { PlayerState } from '../lib/whep-player.ts';

/** What each cell's player is doing, for the panels beside the grid. */
export const usePlayers = defineStore('players', () => {
  const states = shallowReactive(new Map<number, PlayerState>());
  return { states };
});
