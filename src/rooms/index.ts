export type {
  CallHistory,
  CallRecords,
  QualityReport,
  SentAndReceived,
  SubsessionQuality,
  TalkSession,
  TalkSubsession,
  TimeRange,
} from './call/record-types.ts';
