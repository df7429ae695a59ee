namespace Antrea.Migration.Connectivity.Load;

/// <summary>Finds the times in which no request at all was answered well. For one thread; allocates for outages only.</summary>
/// <remarks>Times are since the start of the run.</remarks>
internal sealed class SilenceRecorder(TimeSpan threshold)
{
    private readonly List<FlowRecorder.Window> _windows = [];
    private TimeSpan _lastGood;
    private ProbeFailureCause _cause;
    private long _lost;

    public void Add(ProbeOutcome outcome, TimeSpan ended)
    {
        if (!outcome.Succeeded)
        {
            _cause = _lost == 0 ? outcome.Cause : _cause;
            _lost++;
            return;
        }

        Close(ended, recovered: true);
        (_lastGood, _cause, _lost) = (ended, ProbeFailureCause.None, 0);
    }

    /// <summary>A time in which nobody could look: it is no silence.</summary>
    public void LeaveOut(TimeSpan time) => _lastGood += time;

    /// <summary>All of them, that which still lasts included.</summary>
    public IReadOnlyList<FlowRecorder.Window> Finish(TimeSpan end)
    {
        Close(end, recovered: false);
        return _windows;
    }

    private void Close(TimeSpan end, bool recovered)
    {
        if (end - _lastGood > threshold)
        {
            _windows.Add(new FlowRecorder.Window(_lastGood, end, _lost, _cause, "", recovered));
        }
    }
}
