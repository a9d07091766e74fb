import { openLocal } from '../../src/ssh/index.ts';
import { workspace } from '../support/workspace.ts';
import { transportSuite } from './transport-suite.ts';

transportSuite('local', async (t) => openLocal({ home: workspace(t) }));
