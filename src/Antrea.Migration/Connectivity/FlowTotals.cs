namespace Antrea.Migration.Connectivity;

/// <summary>What became of one flow's requests.</summary>
/// <param name="Flow">Which one.</param>
/// <param name="Success">Requests answered with status 200.</param>
/// <param name="Failure">All others.</param>
/// <param name="NotSent">Requests that were due while the probe itself got no time to send: nobody looked then.</param>
/// <param name="LongestOutage">The longest of its windows; zero when it had none.</param>
public sealed record FlowTotals(FlowName Flow, long Success, long Failure, long NotSent, TimeSpan LongestOutage)
{
    /// <summary>All requests that were sent.</summary>
    public long Total => Success + Failure;
}
