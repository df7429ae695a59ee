using System.Globalization;

namespace Antrea.Migration.Connectivity;

/// <summary>How a matrix is tried.</summary>
public sealed record MatrixOptions
{
    /// <summary>How long a connection may take to be made. Default 2 s; 1 ms – 1 day. A connection that a policy drops takes all of it.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>From how many endpoints at a time. Default 16; 1–1,000.</summary>
    public int Sources { get; init; } = 16;

    /// <summary>How many connections of one endpoint at a time. Default 16; 1–1,000.</summary>
    public int ConnectionsPerSource { get; init; } = 16;

    /// <summary>How often a connection that is not expected to be denied is tried before it counts as lost. Default 2; 1–10. Only the lost ones
    /// are tried again.</summary>
    public int Attempts { get; init; } = 2;

    /// <summary>Everything that is wrong with these options, one sentence each; empty when they can be used.</summary>
    public IReadOnlyList<string> Validate()
    {
        List<string> faults = [];
        ProbeOptionRules.CheckSpan(faults, nameof(Timeout), Timeout);
        Check(nameof(Sources), Sources, 1000);
        Check(nameof(ConnectionsPerSource), ConnectionsPerSource, 1000);
        Check(nameof(Attempts), Attempts, 10);
        return faults;

        void Check(string name, int value, int most)
        {
            if (value < 1 || value > most)
            {
                faults.Add(string.Create(CultureInfo.InvariantCulture, $"{name} is {value}, but must be between 1 and {most}."));
            }
        }
    }
}
