namespace Antrea.Migration.Connectivity;

/// <summary>One path to watch: from whoever sends the requests, to a target.</summary>
public sealed record ProbeFlow
{
    private ProbeFlow(FlowName name, Uri target)
    {
        ArgumentNullException.ThrowIfNull(name);
        (Name, Target) = (name, target);
    }

    /// <summary>A flow whose requests somebody else sends and reports, a program in a Pod for example.</summary>
    /// <param name="name">Who asks whom; its text is unique within a probe.</param>
    /// <param name="target">Where they go: any absolute URI, for reports only.</param>
    /// <param name="stream">Who reports them.</param>
    public ProbeFlow(FlowName name, Uri target, IProbeStream stream)
        : this(name, target)
    {
        ArgumentNullException.ThrowIfNull(stream);
        Stream = stream;
    }

    /// <summary>A flow whose requests are sent from here.</summary>
    /// <param name="name">Who asks whom; its text is unique within a probe.</param>
    /// <param name="target">An absolute URL with a host, that the transport understands.</param>
    /// <param name="transport">Who sends the requests; stays the caller's to dispose.</param>
    public ProbeFlow(FlowName name, Uri target, IProbeTransport transport)
        : this(name, target)
    {
        ArgumentNullException.ThrowIfNull(transport);
        Transport = transport;
    }

    /// <summary>Who asks whom.</summary>
    public FlowName Name { get; }

    /// <summary>Where the requests go; flows to one target are one service's.</summary>
    public Uri Target { get; }

    /// <summary>Who sends the requests; null for a flow that somebody else sends.</summary>
    public IProbeTransport? Transport { get; }

    /// <summary>Who reports the requests; null for a flow that is sent from here.</summary>
    public IProbeStream? Stream { get; }
}
