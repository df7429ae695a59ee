namespace Antrea.Migration.Policies;

/// <summary>Which side of a flow a policy governs, seen from its Pod.</summary>
public enum Direction
{
    /// <summary>What the Pod receives.</summary>
    Ingress,

    /// <summary>What the Pod sends.</summary>
    Egress,
}
