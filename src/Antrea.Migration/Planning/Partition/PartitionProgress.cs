namespace Antrea.Migration.Planning;

/// <summary>How far the two parts of a partition are, in order.</summary>
public enum PartitionProgress
{
    /// <summary>Nothing is parted.</summary>
    NotBegun,

    /// <summary>The first part has begun to move.</summary>
    InFirstPart,

    /// <summary>The first part has moved, the rest has not begun.</summary>
    Apart,

    /// <summary>The rest has begun to move.</summary>
    InSecondPart,

    /// <summary>Both have moved: everybody is on one side again.</summary>
    Moved,
}
