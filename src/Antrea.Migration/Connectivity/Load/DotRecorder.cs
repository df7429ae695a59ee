using System.Collections.Immutable;

namespace Antrea.Migration.Connectivity.Load;

/// <summary>Keeps evenly thinned points of a run: every one at first, then every second, every fourth and so on.</summary>
/// <remarks>Failures are thinned apart, so that few of them are not lost among many successes. For one thread.</remarks>
internal sealed class DotRecorder(int capacity = 4096)
{
    private readonly Side _good = new(capacity);
    private readonly Side _failed = new(capacity / 4);

    public void Add(TimeSpan due, TimeSpan took, bool succeeded) => (succeeded ? _good : _failed).Add(due, took);

    public ImmutableArray<LoadDot> ToArray() =>
        [.. _good.Dots(true).Concat(_failed.Dots(false)).OrderBy(dot => dot.Due).ThenBy(dot => dot.Took)];

    private sealed class Side(int capacity)
    {
        private readonly (TimeSpan Due, TimeSpan Took)[] _dots = new (TimeSpan, TimeSpan)[capacity];
        private int _count;
        private long _seen;
        private long _stride = 1;

        public void Add(TimeSpan due, TimeSpan took)
        {
            if (_seen++ % _stride != 0)
            {
                return;
            }

            if (_count == _dots.Length)
            {
                for (var i = 0; i < _count / 2; i++)
                {
                    _dots[i] = _dots[i * 2];
                }

                _count /= 2;
                _stride *= 2;
                if ((_seen - 1) % _stride != 0)
                {
                    return;
                }
            }

            _dots[_count++] = (due, took);
        }

        public IEnumerable<LoadDot> Dots(bool succeeded) =>
            _dots.Take(_count).Select(dot => new LoadDot(dot.Due, dot.Took, succeeded));
    }
}
